"""What of a model's text is thought and not said: models that reason write it between tags in front of their answer."""

import re
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from relay.companion.brain import Pieces

_OPEN: Final = re.compile(r"<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_LONGEST: Final = len("</reasoning>")


class Thought(str):
    """A piece of what a model thinks. It is nobody's to hear, but for those who inspect the chat."""

    __slots__ = ()


async def parted(pieces: Pieces) -> Pieces:
    """The pieces, what is thought as Thought. A thought without an end is one to the end."""
    rest, closing = "", ""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Thought):
                yield piece
                continue
            rest += piece
            while (found := _tag(rest, closing)) is not None:
                text, rest, after = rest[: found.start()], rest[found.end() :], "" if closing else f"</{found[1]}>"
                if text:
                    yield Thought(text) if closing else text
                closing = after
            kept = _begun(rest, closing)
            text, rest = rest[: len(rest) - kept], rest[len(rest) - kept :]
            if text:
                yield Thought(text) if closing else text
    if rest:
        yield Thought(rest) if closing else rest


async def said(pieces: Pieces, think: Callable[[str], None]) -> Pieces:
    """The pieces without what is thought, which `think` is told, one train of thought at a time."""
    thought = ""
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Thought):
                thought += piece
                continue
            if thought:
                think(thought)
                thought = ""
            yield piece
    if thought:
        think(thought)


def spoken(text: str) -> str:
    """A whole text without what is thought in it, also where only the end of a thought is marked."""
    said = re.sub(r"<(think|thinking|thought|reasoning)>.*?(</\1>|$)", "", text, flags=re.IGNORECASE | re.DOTALL)
    return re.sub(r"^.*</(think|thinking|thought|reasoning)>", "", said, flags=re.IGNORECASE | re.DOTALL)


def _tag(text: str, closing: str) -> re.Match[str] | None:
    return re.search(re.escape(closing), text, re.IGNORECASE) if closing else _OPEN.search(text)


def _begun(text: str, closing: str) -> int:
    """How many characters at the end may be the beginning of the tag that is looked for."""
    at = text.rfind("<", max(0, len(text) - _LONGEST))
    if at < 0:
        return 0
    tags = [closing] if closing else ["<think>", "<thinking>", "<thought>", "<reasoning>"]
    begun = text[at:].lower()
    return len(begun) if any(tag.lower().startswith(begun) for tag in tags) else 0
