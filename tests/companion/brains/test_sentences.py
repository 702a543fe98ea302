from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.companion.brains.base import NO_LIMITS, AnswerLimits
from relay.companion.brains.sentences import LONGEST, REPLY_LIMIT, sentences


async def stream(*pieces: str) -> AsyncGenerator[str, None]:
    for piece in pieces:
        yield piece


async def split(*pieces: str, limits: AnswerLimits = NO_LIMITS) -> list[str]:
    return [sentence async for sentence in sentences(stream(*pieces), limits)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hi! How are you? Fine.", ["Hi! ", "How are you? ", "Fine."]),
        ("It costs 3.50 today. Cheap!", ["It costs 3.50 today. ", "Cheap!"]),
        ('"Stop!" she said... "No."', ['"Stop!" ', "she said... ", '"No."']),
        ("One line\nand another", ["One line\n", "and another"]),
        ("\u4f60\u597d\u3002\u518d\u89c1\u3002", ["\u4f60\u597d\u3002", "\u518d\u89c1\u3002"]),
        ("  padded.  ", ["padded."]),
        ("I met Dr. Smith on Jan. 5. Nice!", ["I met Dr. Smith on Jan. 5. ", "Nice!"]),
        (
            "Look:\n\n```py\nif a:\n    b. C. d\n\n```\n- x\n    - y",
            ["Look:\n\n", "```py\nif a:\n    b. C. d\n\n```\n", "- x\n", "    - y"],
        ),
        ("   ", []),
    ],
)
async def test_text_is_cut_after_each_sentence(text: str, parts: list[str]) -> None:
    assert await split(text) == parts
    assert await split(*text) == parts


@given(st.lists(st.text("aB .!?\n\u3002\u201d)`")))
async def test_joined_the_sentences_are_the_text(pieces: list[str]) -> None:
    parts = await split(*pieces)

    assert "".join(parts) == "".join(pieces).strip()
    assert all(parts)


async def test_a_sentence_without_an_end_is_cut_at_a_space() -> None:
    parts = await split("word " * 200)

    assert max(map(len, parts)) <= LONGEST
    assert all(part.endswith(" ") for part in parts[:-1])


@pytest.mark.parametrize("beginning", ["", "```\n"])
async def test_a_reply_without_an_end_ends(beginning: str) -> None:
    said = "".join(await split(beginning, *["on and on "] * 10_000))

    assert len(said) < REPLY_LIMIT + LONGEST


async def test_a_long_block_of_code_is_one_piece() -> None:
    code = "```\n" + "x = 1. # Yes. No\n" * 100 + "```"

    assert await split(f"Look:\n{code}\nBye.") == ["Look:\n", f"{code}\n", "Bye."]


async def test_limits_end_a_reply() -> None:
    assert await split("One. Two. Three.", limits=AnswerLimits(max_sentences=2)) == ["One. ", "Two."]
    assert await split("One. Two\nThree.", limits=AnswerLimits(multiple_lines=False)) == ["One. ", "Two"]
