"""One queue between Discord's events and `receive`, so that order is kept and nothing accepted is lost."""

import asyncio
import logging
from collections import deque
from contextlib import suppress

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential, wait_random

from relay.errors import InboxError
from relay.model import Incoming
from relay.platforms.base import Receive

log = logging.getLogger(__name__)

GRACE = 3.0
"""Seconds to store what is still queued when the run ends."""

Missed = asyncio.Task[list[Incoming]]
"""Finds what happened while nobody listened; must not raise."""


class Intake:
    """Accepts without waiting, stores one after the other, and tries again while the store does not answer."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._waiting: deque[tuple[Incoming | Missed, asyncio.Future[None]]] = deque()
        self._filled = asyncio.Event()
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(InboxError),
            wait=wait_exponential(multiplier=0.1, max=5.0) + wait_random(0, 0.1),
            before_sleep=self._note_trouble,
        )
        self.stuck = False
        """Whether the store refused the last try."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: Incoming | Missed) -> asyncio.Future[None]:
        """Accept one thing, or a search whose finds take this place in the order. Done once it is stored."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((item, stored))
        self._filled.set()
        return stored

    async def run(self) -> None:
        """Store until cancelled, then store what is left as long as that works at once."""
        try:
            while True:
                await self._filled.wait()
                await self._store_next()
        except asyncio.CancelledError:
            await self._drain()
            raise

    async def _store_next(self) -> None:
        item, stored = self._waiting[0]
        found = await item if isinstance(item, asyncio.Task) else [item]
        for incoming in found:
            await self._store(incoming)
        self._done(stored)

    def _done(self, stored: asyncio.Future[None]) -> None:
        self._waiting.popleft()
        if not self._waiting:
            self._filled.clear()
        if not stored.done():
            stored.set_result(None)

    async def _store(self, incoming: Incoming) -> None:
        await self._retrying(self._receive, incoming)
        self.stuck = False

    def _note_trouble(self, state: RetryCallState) -> None:
        if not self.stuck:
            log.warning("discord: the inbox does not answer; %d things wait for it", len(self._waiting))
        self.stuck = True

    async def _drain(self) -> None:
        with suppress(TimeoutError, InboxError):
            async with asyncio.timeout(GRACE):
                while self._waiting:
                    item, stored = self._waiting[0]
                    if isinstance(item, asyncio.Task):
                        item.cancel()
                        await asyncio.wait({item})
                    else:
                        await self._receive(item)
                    self._done(stored)
        if self._waiting:
            log.error("discord: %d things could not be stored before the end", len(self._waiting))
