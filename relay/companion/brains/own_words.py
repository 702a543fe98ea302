"""A character among others says only its own words, though models write on as a script would.

What a model thinks is none of its words, whoever speaks in it, and passes as it is.
"""

import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from relay.companion.brains.base import Pieces
from relay.companion.brains.reasoning import Thought

_DECORATION: Final = str.maketrans("", "", " \t*_")
"""What models put around a name, and writers into it."""


async def unnamed(pieces: Pieces, name: str) -> Pieces:
    """The pieces without the name that models put in front of their words where they see others' names."""
    mark = _plain(f"{name}:")
    head: str | None = ""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Thought):
                yield piece
                continue
            if head is not None:
                head = (head + piece).lstrip()
                if mark.startswith(_plain(head)):
                    continue
                piece, head = _without_name(head, name), None
            yield piece
    if head and _plain(head) != mark:
        yield head


async def alone(pieces: Pieces, others: Sequence[str], user: str) -> Pieces:
    """The pieces up to the line where one of the others, or the user, begins to speak.

    An answer that begins with the user's name speaks to them.
    """
    characters = tuple(_plain(f"{name}:") for name in others if name)
    everybody = (*characters, _plain(f"{user}:")) if user else characters
    marks = characters
    held, is_open = "", True
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Thought):
                yield piece
                continue
            for part in re.split(r"(?<=\n)", piece):
                held += part
                start = _plain(held)
                if is_open and start.startswith(marks):
                    return
                if is_open and not held.endswith("\n") and any(mark.startswith(start) for mark in marks):
                    continue
                if held:
                    yield held
                    marks = everybody if held.strip() else marks
                    held, is_open = "", held.endswith("\n")
    if held:
        yield held


def _plain(text: str) -> str:
    return text.translate(_DECORATION).casefold()


def _without_name(text: str, name: str) -> str:
    named = re.match(rf"([*_]*)\s*{re.escape(name)}\s*([*_]*)\s*:", text, re.IGNORECASE)
    if named is None:
        return text
    opened, closed = named.groups()
    rest = text[named.end() :]
    if not opened or closed:
        return rest
    return rest.removeprefix(opened) if rest.startswith(opened) else opened + rest.lstrip()
