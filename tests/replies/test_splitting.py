import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.replies.splitting import split


@given(st.text(max_size=600), st.integers(5, 120))
def test_every_piece_fits_and_nothing_but_white_space_is_lost(text: str, limit: int) -> None:
    pieces = split(text, limit)

    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("Short.", 10, ["Short."]),
        ("One is here. Two is there.", 15, ["One is here.", "Two is there."]),
        ('He said "Stop!" Then he ran.', 18, ['He said "Stop!"', "Then he ran."]),
        ("I met Dr. Who there today. Fun.", 28, ["I met Dr. Who there today.", "Fun."]),
        ("no sentence end in sight", 12, ["no sentence", "end in sight"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("こんにちは。元気ですか。", 7, ["こんにちは。", "元気ですか。"]),
        ("   ", 5, []),
    ],
)
def test_pieces_end_at_sentences_then_at_words_then_anywhere(text: str, limit: int, expected: list[str]) -> None:
    assert split(text, limit) == expected


def test_an_emoji_with_a_skin_tone_is_not_torn_apart() -> None:
    assert split("aaa👍🏽bbbb", 4) == ["aaa", "👍🏽bb", "bb"]
