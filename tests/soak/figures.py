"""What is looked at while the day goes by."""

import asyncio
import gc
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from relay.inbox.retry import with_retries
from relay.model import Outcome
from tests.soak.room import Room
from tests.soak.verdict import Bound

BOUNDS: Final = {
    "memory MB": Bound(8.0, 0.03),
    "blocks k": Bound(40.0, 0.03),
    "files": Bound(4),
    "tasks": Bound(6),
    "threads": Bound(2),
    "store rows": Bound(10_000, 0.05),
    "store MB": Bound(6.0, 0.05),
    "audit kB": Bound(20.0),
    "log lines": Bound(10),
    "chat rows": Bound(50),
    "chat MB": Bound(0.5, 0.02),
    "reasons": Bound(1),
    "waiting": Bound(500),
}
"""What has to level off. Blocks are those of Python's own allocator, which tell of small objects exactly; log lines
are those since the sample before; reasons are the different ones of which outcomes are counted. What the store
remembers for a time depends on the machine's pace, so that it may vary by some seconds of it.
"""
COUNTED: Final = ("posts", "clips", *Outcome)
"""What is shown besides."""


class Lines(logging.Handler):
    """Counts what the relay and its libraries log."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1

    def take(self) -> int:
        """The lines since the last call."""
        count, self.count = self.count, 0
        return count


@contextmanager
def counted() -> Iterator[Lines]:
    """Count what would be in the log while the context lasts; none of it is shown."""
    lines, everything, ours = Lines(), logging.getLogger(), logging.getLogger("relay")
    before = ours.level
    everything.addHandler(lines)
    ours.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        ours.setLevel(before)
        everything.removeHandler(lines)


class Sampler:
    """Looks at a room."""

    def __init__(self, room: Room, lines: Lines) -> None:
        self._room = room
        self._lines = lines

    async def sample(self) -> dict[str, float]:
        """All figures as they are now; a busy store is waited for."""
        room, inbox = self._room, self._room.relay.inbox
        outcomes, waiting = await with_retries(inbox.outcomes), await with_retries(inbox.waiting)
        return {
            "memory MB": _resident() / 2**20,
            "blocks k": sys.getallocatedblocks() / 1_000,
            "files": sum(1 for _ in Path("/proc/self/fd").iterdir()),
            "tasks": len(asyncio.all_tasks()),
            "threads": threading.active_count(),
            "store rows": waiting + sum(outcomes.values()),
            "store MB": await room.store_bytes() / 2**20,
            "audit kB": room.audit_bytes() / 1_000,
            "log lines": self._lines.take(),
            "chat rows": room.chat_rows(),
            "chat MB": room.chat_bytes() / 2**20,
            "reasons": len(room.ledger.reasons),
            "waiting": waiting,
            "posts": sum(platform.posts for platform in room.platforms),
            "clips": room.audio.loudspeaker.played,
            **{outcome.value: room.ledger.outcomes[outcome] for outcome in Outcome},
        }


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def census() -> Counter[str]:
    """How many objects of each type there are: where to look for what grows."""
    return Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
