"""Which sentences are heard one after the other, and which of them the sinks have already."""

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from relay.replies.heard_text import HeardSentence
from relay.replies.reply import Reply, Sentence
from relay.speech.base import Clip

AHEAD: Final = 3
"""Clips queued at the sinks at once."""


@dataclass(eq=False)
class QueuedSentence:
    reply: Reply
    sentence: Sentence
    part: HeardSentence
    """Where it is written down how much of it was heard."""
    fetched: "asyncio.Task[Clip | None]"
    clip: Clip | None = None
    has_begun: bool = False
    due: float = float("inf")
    """When the next report is overdue."""


class PlayOrder:
    """Serves the playback alone. Iterating goes through all of it, in the order in which it is heard."""

    def __init__(self) -> None:
        self._items: deque[QueuedSentence] = deque()
        self._played = 0
        """How many of the items, from the front, are at the sinks."""

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[QueuedSentence]:
        return iter(self._items)

    @property
    def first(self) -> QueuedSentence | None:
        """What is played now, or will be next."""
        return self._items[0] if self._items else None

    @property
    def front(self) -> QueuedSentence | None:
        """What is played now; None while nothing is at the sinks."""
        return self._items[0] if self._played else None

    def at_sinks(self) -> Iterator[QueuedSentence]:
        return itertools.islice(self._items, self._played)

    def of(self, clip: Clip) -> QueuedSentence | None:
        """Whose clip this is, if it is at the sinks."""
        return next((item for item in self.at_sinks() if item.clip is clip), None)

    def has(self, reply: Reply) -> bool:
        """Whether anything of this reply is still to be heard."""
        return any(item.reply is reply for item in self._items)

    def add(self, item: QueuedSentence) -> None:
        self._items.append(item)

    def next(self) -> QueuedSentence | None:
        """What goes to the sinks next; None when there is nothing, or they have enough."""
        return self._items[self._played] if self._played < min(len(self._items), AHEAD) else None

    def hand_over(self) -> None:
        """The next one is at the sinks now."""
        self._played += 1

    def pass_on(self) -> QueuedSentence:
        """Take out what is played now: it is over."""
        self._played -= 1
        return self._items.popleft()

    def remove(self, reply: Reply) -> list[QueuedSentence]:
        """Take out what is left of a reply. The sinks have nothing of it any more."""
        if self.front is not None and self.front.reply is reply:
            self._played = 0
        removed = [item for item in self._items if item.reply is reply]
        for item in removed:
            self._items.remove(item)
        return removed

    def drain(self) -> Iterator[QueuedSentence]:
        """Take out everything, one after the other, from sinks that are gone or empty."""
        self._played = 0
        while self._items:
            yield self._items.popleft()
