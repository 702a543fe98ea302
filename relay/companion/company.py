"""A character among others says only its own words, though models write on as a script would."""

import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from relay.companion.brain import Pieces

_DECORATION: Final = " \t*_"
"""What models put around a name."""


async def unnamed(pieces: Pieces, name: str) -> Pieces:
    """The pieces without the name that models put in front of their words where they see others' names."""
    mark = f"{name}:"
    head: str | None = ""
    async with aclosing(pieces):
        async for piece in pieces:
            if head is not None:
                head = (head + piece).lstrip()
                if mark.startswith(head):
                    continue
                piece, head = head.removeprefix(mark), None
            yield piece
    if head and head != mark:
        yield head


async def alone(pieces: Pieces, others: Sequence[str]) -> Pieces:
    """The pieces up to the line where one of the others begins to speak."""
    marks = tuple(f"{name}:".casefold() for name in others if name)
    held, is_open = "", True
    async with aclosing(pieces):
        async for piece in pieces:
            for part in re.split(r"(?<=\n)", piece):
                held += part
                start = held.lstrip(_DECORATION).casefold()
                if is_open and start.startswith(marks):
                    return
                if is_open and not held.endswith("\n") and any(mark.startswith(start) for mark in marks):
                    continue
                if held:
                    yield held
                    held, is_open = "", held.endswith("\n")
    if held:
        yield held
