"""What of a model's text is thought and not said: models that reason write it between tags in front of their answer.

Some begin within the thought, since their template has opened it, and only the tag at its end is seen. That a tag is
meant as one is told by its place: one in the middle of a sentence, or in quotes, is what the answer speaks of.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Final

from relay.companion.brains.base import Pieces

_TAG: Final = re.compile(r"<(/?)(think|thinking|thought|reasoning)>", re.IGNORECASE)
_TAGS: Final = tuple(f"<{end}{name}>" for end in ("", "/") for name in ("think", "thinking", "thought", "reasoning"))
_LONGEST: Final = max(map(len, _TAGS))
_BEFORE_TAG: Final = ".!?\u2026\u3002\uff01\uff1f>*"
"""What may stand on the line in front of a tag that opens a thought."""
_QUOTES: Final = ("`", "'", '"', "\u201c", "\u2018", "\u00ab")
_LOOK_BACK: Final = 32


class Thought(str):
    """A piece of what a model thinks. It is nobody's to hear, but for those who inspect the chat."""

    __slots__ = ()


class Habit:
    """How a model writes, as far as its answers have shown."""

    def __init__(self) -> None:
        self.begins_in_thought = False


async def parted(pieces: Pieces, habit: Habit) -> Pieces:
    """The pieces, what is thought as Thought. A thought without an end is one to the end.

    The first time that a model turns out to begin in its thought, the beginning is said; then its habit is known.
    """
    parting = _Parting(habit)
    async with aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Thought):
                yield piece
                continue
            for part in parting.feed(piece):
                yield part
    for part in parting.end():
        yield part


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
    habit = Habit()
    habit.begins_in_thought = True
    parting = _Parting(habit)
    return "".join(part for part in (*parting.feed(text), *parting.end()) if not isinstance(part, Thought))


class _Parting:
    """Tells thought from answer while a text arrives."""

    def __init__(self, habit: Habit) -> None:
        self._habit = habit
        self._rest = ""
        self._before = ""
        """The end of what was said, which tells whether a tag is meant as one."""
        self._thought = ""
        """The name of the tags round the thought that is under way."""
        self._held: list[str] | None = [] if habit.begins_in_thought else None
        """The beginning, while it may yet turn out to be thought."""
        self._is_first = True

    def feed(self, piece: str) -> Iterator[str]:
        """The parts that are known now."""
        self._rest += piece
        at = 0
        while (tag := _TAG.search(self._rest, at)) is not None:
            text, at = self._rest[: tag.start()], tag.end()
            if self._is_meant(tag, self._before + text):
                self._rest, at = self._rest[tag.end() :], 0
                yield from self._turn(tag, text)
        known = len(self._rest) - _begun(self._rest)
        text, self._rest = self._rest[:known], self._rest[known:]
        yield from self._part(text)

    def end(self) -> Iterator[str]:
        """What is left when the text is over."""
        yield from self._part(self._rest)
        if self._held is not None:
            self._habit.begins_in_thought = False
            yield from self._held

    def _is_meant(self, tag: re.Match[str], before: str) -> bool:
        if self._thought:
            return bool(tag[1]) and tag[2].lower() == self._thought
        if tag[1]:
            return self._is_first and before[-1:] not in _QUOTES
        line = before.rpartition("\n")[2].rstrip()
        return not line or line[-1] in _BEFORE_TAG

    def _turn(self, tag: re.Match[str], text: str) -> Iterator[str]:
        """From thought to answer or back, after this text."""
        if tag[1] and not self._thought:
            self._habit.begins_in_thought = True
            text, self._held, self._thought = "".join([*(self._held or ()), text]), None, tag[2]
        held, self._held = self._held or (), None
        yield from held
        yield from self._part(text)
        self._thought = "" if tag[1] else tag[2].lower()
        self._before, self._is_first = "", False

    def _part(self, text: str) -> Iterator[str]:
        if not self._thought:
            self._before = (self._before + text)[-_LOOK_BACK:]
        if text and self._held is not None:
            self._held.append(text)
        elif text:
            yield Thought(text) if self._thought else text


def _begun(text: str) -> int:
    """How many characters at the end may be the beginning of a tag."""
    at = text.rfind("<", max(0, len(text) - _LONGEST))
    return len(text) - at if at >= 0 and any(tag.startswith(text[at:].lower()) for tag in _TAGS) else 0
