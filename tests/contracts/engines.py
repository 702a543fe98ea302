"""How to open a store of either engine: here, or in a process of its own."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relay.inbox.base import Inbox
from relay.inbox.redis import RedisInbox
from relay.inbox.sqlite import SqliteInbox
from tests.doubles.redis_server import connection_to

TIMEOUT = 60.0
LEASE = 0.3
"""Short, as some tests wait for the lease of a process that was killed."""


@dataclass(frozen=True)
class Engine:
    """One store, of which several inboxes may be made one after the other."""

    name: str
    place: str
    """A file or an address."""
    namespace: str = ""
    settings: tuple[tuple[str, Any], ...] = ()
    """Further ones of the way to Redis."""

    def build(self, *, max_count: int = 1_000_000, clock: Callable[[], float] = time.time) -> Inbox:
        if self.name == "sqlite":
            return SqliteInbox(Path(self.place), max_count=max_count, timeout=TIMEOUT, clock=clock)
        return RedisInbox(
            connection_to(self.place, TIMEOUT, **dict(self.settings)),
            namespace=self.namespace,
            max_count=max_count,
            lease=LEASE,
            clock=clock,
        )

    @asynccontextmanager
    async def opened(
        self, *, max_count: int = 1_000_000, clock: Callable[[], float] = time.time
    ) -> AsyncIterator[Inbox]:
        inbox = self.build(max_count=max_count, clock=clock)
        await inbox.open()
        try:
            yield inbox
        finally:
            await inbox.close()
