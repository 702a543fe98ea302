import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.voice.base import LONGEST, readable


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Hi there! ", "Hi there!"),
        ("*waves* **Hello**, _you_", "waves Hello , you"),
        ("Nice \U0001f389 game\n\tof\u200b yours", "Nice game of yours"),
        ("<speak>5 is prime</speak>", "speak 5 is prime /speak"),
        ("Gr\u00fc\u00dfe, \u4f60\u597d!", "Gr\u00fc\u00dfe, \u4f60\u597d!"),
        ("\x01c", "c"),
        ("So: ```py\nx = 1\n``` Good?", "So: Good?"),
        ("```py\nx = 1", ""),
    ],
)
def test_only_words_are_read_aloud(text: str, read: str) -> None:
    assert readable(text) == read


@pytest.mark.parametrize("text", ["", "...", "\U0001f389\U0001f389", "* * *", "\x00"])
def test_what_holds_no_word_is_not_read(text: str) -> None:
    assert readable(text) == ""


@given(st.text())
def test_hostile_text_is_short_printable_and_on_one_line(text: str) -> None:
    read = readable(text * 3)

    assert len(read) <= LONGEST
    assert read.isprintable()
    assert read == " ".join(read.split())
