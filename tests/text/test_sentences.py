"""Where sentences end."""

import pytest

from relay.text.sentences import ends, open_fence, sentences


@pytest.mark.parametrize(
    "found",
    [
        ["One. ", "Two! ", "Three?"],
        ["She said “No.” ", "He left."],
        ["Wait... what? ", "Wait... ", "What?"],
        ["Ask Dr. No, e.g. now. ", "Good."],
        ["No. 7 of Fig. 3 is p. 4. ", "Yes."],
        ["Born in Oct. 1999. ", "In Oct. it rains. ", "Oct. ", "Then?"],
        ["At 5 p.m. sharp. ", "At 5 p.m. ", "Then home."],
        ["1. Salt and pepper. ", "2. More. ", "I have 10. ", "Good."],
        ["It is 3.14 or so. ", "See evil.com now. "],
        ["Title\n", "- one\n", "- two"],
        ["はい。", "いいえ！", "そう"],
        ["Look:\n", "```py\na. b? c!\n```\n", "Done."],
        ["One.  \n "],
    ],
)
def test_a_text_is_its_sentences_with_all_white_space(found: list[str]) -> None:
    assert sentences("".join(found)) == found


def test_of_white_space_alone_nothing_is_left() -> None:
    assert sentences(" \n\t ") == []


@pytest.mark.parametrize("text", ["One. ", "One.", "It is 5 p.m. ", "No. ", "はい。"])
def test_what_may_go_on_has_not_ended_yet(text: str) -> None:
    assert list(ends(text)) == ([5] if text == "One. " else [])


@pytest.mark.parametrize(
    ("text", "fence"), [("a", ""), ("a ```py\nb", "```py"), ("```\nb", "```"), ("```py\nb\n``` c", "")]
)
def test_a_block_of_code_that_is_open_is_known_with_its_language(text: str, fence: str) -> None:
    assert open_fence(text) == fence
