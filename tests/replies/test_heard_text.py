import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.replies.heard_text import HeardSentence, heard_text


@pytest.mark.parametrize(
    ("parts", "heard", "rest"),
    [
        ([HeardSentence("One two three.", 1.0)], "One two three.", ""),
        ([HeardSentence("One two three.", 0.0)], "", "One two three."),
        ([HeardSentence("One two three.", 0.5)], "One two", "three."),
        ([HeardSentence("One two three.", 0.2)], "", "One two three."),
        ([HeardSentence("One.", 1.0), HeardSentence(" Two three.", 0.6)], "One. Two", "three."),
        (
            [HeardSentence("One.", 1.0), HeardSentence(" Two.", 0.0), HeardSentence(" Three.", 1.0)],
            "One.",
            "Two. Three.",
        ),
        ([HeardSentence("こんにちは世界", 0.5)], "こんに", "ちは世界"),
        ([], "", ""),
    ],
)
def test_the_heard_text_ends_with_the_last_word_that_was_heard_whole(
    parts: list[HeardSentence], heard: str, rest: str
) -> None:
    assert heard_text(parts) == (heard, rest)


PARTS = st.lists(st.builds(HeardSentence, st.text(max_size=40), st.floats(0, 1)), max_size=6)


@given(PARTS)
def test_the_heard_text_is_a_beginning_of_the_whole_and_nothing_is_lost(parts: list[HeardSentence]) -> None:
    whole = "".join(part.text for part in parts)

    heard, rest = heard_text(parts)

    assert whole.startswith(heard)
    assert "".join((heard + rest).split()) == "".join(whole.split())
