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
        ("```\nx = 1\n``` is it, " + "so " * 25, 70, ["```\nx = 1\n``` is it, " + "so " * 15 + "so", "so " * 8 + "so"]),
        ("```\nx = 1\n``` " + "o" * 57, 70, ["```\nx = 1\n```", "o" * 57]),
        ("```\nx = 1\n```" + "o" * 140, 70, ["```\nx = 1\n```", "o" * 70, "o" * 70]),
    ],
)
def test_pieces_end_at_sentences_then_at_words_then_anywhere(text: str, limit: int, expected: list[str]) -> None:
    assert split(text, limit) == expected


def test_an_emoji_with_a_skin_tone_is_not_torn_apart() -> None:
    assert split("aaa👍🏽bbbb", 4) == ["aaa", "👍🏽bb", "bb"]
    assert split("aaa👍🏻bbbb", 4) == ["aaa", "👍🏻bb", "bb"]
    assert split("aaae\u0300bbb", 4) == ["aaa", "e\u0300bb", "b"]


LONG_CODE = "Here:\n```python\n" + "".join(f"    line({number})\n" for number in range(60)) + "```\nDone. Bye!"


def test_a_long_block_of_code_is_closed_and_opened_again() -> None:
    pieces = split(LONG_CODE, 200)

    assert len(pieces) > 4
    assert pieces[0] == "Here:"
    assert all(piece.startswith("```python\n    line(") and piece.endswith(")\n```") for piece in pieces[1:-1])
    assert pieces[-1].endswith("line(59)\n```\nDone. Bye!")
    code = [line for piece in pieces for line in piece.splitlines() if "line" in line]
    assert code == [f"    line({number})" for number in range(60)]


def test_lines_of_code_that_just_fit_stay_together() -> None:
    lines = f"{'a' * 45}\n{'b' * 46}"

    assert split(f"```\n{lines}\n{lines}\n```", 100) == [f"```\n{lines}\n```"] * 2


def test_a_block_of_code_that_fits_stays_whole() -> None:
    code = "```\n" + "x = 1. # A b.\n" * 8 + "```"

    assert split(f"{'Some words. ' * 12}\n{code}\nBye.", 180) == [("Some words. " * 12).strip(), f"{code}\nBye."]


def test_a_block_of_code_without_an_end_is_closed() -> None:
    assert split("```py\nx = 1", 100) == ["```py\nx = 1\n```"]


def test_a_block_in_the_middle_of_a_sentence_is_cut_by_its_lines() -> None:
    code = "\n".join(f"x{number} = 1" for number in range(30))

    pieces = split(f"Say ```{code}``` and be happy.", 100)

    assert pieces[0] == "Say"
    assert all(piece.startswith("```\n") and piece.endswith("= 1\n```") for piece in pieces[1:-1])
    assert pieces[-1].endswith("x29 = 1\n``` and be happy.")


def test_code_within_a_line_stays_whole_where_it_can() -> None:
    assert split("Please call `print(a, b, c)` with care", 24) == ["Please call", "`print(a, b, c)` with", "care"]
    assert split("`a b` and `call it now` soon", 15) == ["`a b` and", "`call it now`", "soon"]
    assert split("now `aaa bbb ccc ddd eee`", 10) == ["now `aaa", "bbb ccc", "ddd eee`"], "one that fits nowhere"
    assert split("`a b c d e f`", 8) == ["`a b c d", "e f`"]
    assert split("`print(a, b, c, d, e)`", 12) == ["`print(a, b,", "c, d, e)`"]


@pytest.mark.parametrize("text", ["`" * 200, "``` ```` `````" * 20, "a ``" * 60, "```" + "``\n" * 90 + "```"])
def test_marks_that_open_nothing_are_kept(text: str) -> None:
    pieces = split(text, 70)

    assert all(len(piece) <= 70 and piece.count("```") % 2 == 0 for piece in pieces)
    assert "".join(pieces).count("`") >= text.count("`")


MARKED = st.lists(
    st.sampled_from(
        [
            "```",
            "```py\n",
            "\n",
            "\n```\n",
            "some words ",
            "a" * 30,
            "Yes. ",
            "    x = 1\n",
            "。",
            "...",
            "`",
            "``",
            "`a b` ",
        ]
    )
)


@given(MARKED.map("".join), st.integers(64, 200))
def test_each_post_closes_what_it_opens_and_fits(text: str, limit: int) -> None:
    pieces = split(text, limit)

    assert all(0 < len(piece) <= limit and piece.count("```") % 2 == 0 for piece in pieces)
    assert _without_marks("".join(pieces)) == _without_marks(text)


def _without_marks(text: str) -> str:
    return "".join(text.replace("py", "").replace("`", "").split())
