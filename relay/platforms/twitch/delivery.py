"""Between TwitchIO and the inbox: nothing twice, nothing lost, everything in the order it came."""

import asyncio
import logging
from collections import deque
from itertools import islice

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from relay.errors import InboxError
from relay.model import Incoming
from relay.platforms.base import Receive

log = logging.getLogger(__name__)
BATCH = 500
"""Things handed over at once, so that a flood is stored in few steps."""
LAST_CHANCE = 3.0
"""Seconds the inbox gets, after a stop, to take what was already accepted."""


class Seen:
    """Remembers the newest ids, so that what Twitch delivers twice counts once."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._ids: dict[str, None] = {}

    def add(self, id: str) -> bool:
        """True when the id is new."""
        if id in self._ids:
            return False
        self._ids[id] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]
        return True


class Delivery:
    """Hands what was accepted to `receive`, one after the other, trying again as long as the inbox cannot take it."""

    def __init__(self, receive: Receive, *, retry_at_most: float = 10.0) -> None:
        self._receive = receive
        self._waiting: deque[Incoming] = deque()
        self._something = asyncio.Event()
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(InboxError),
            wait=wait_random_exponential(multiplier=0.1, max=retry_at_most),
            before_sleep=lambda state: log.warning("the inbox does not answer; %d things wait", len(self._waiting)),
        )

    def put(self, incoming: Incoming) -> None:
        """Accept it; from now on it is not lost."""
        self._waiting.append(incoming)
        self._something.set()

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self) -> None:
        """Deliver until cancelled; then once more for what is still here."""
        try:
            while True:
                await self._something.wait()
                await self._deliver_all()
        except asyncio.CancelledError:
            await self._finish()
            raise

    async def _deliver_all(self) -> None:
        while self._waiting:
            batch = list(islice(self._waiting, BATCH))
            await self._retrying(self._hand_over, batch)
            for _ in batch:
                self._waiting.popleft()
        self._something.clear()

    async def _hand_over(self, batch: list[Incoming]) -> None:
        await self._receive(*batch)

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(LAST_CHANCE):
                await self._deliver_all()
        except TimeoutError:
            log.error("stopped with %d things the inbox did not take", len(self._waiting))
