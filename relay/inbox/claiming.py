"""Claiming from Redis through the consumer group, so that nothing handed out is lost or handed out twice."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice, starmap
from typing import Any

from redis.exceptions import RedisError

from relay.bus.connection import connect, is_transient
from relay.inbox import scripts
from relay.inbox.pages import GROUP, PAGES, Pages, Standing, StoredMessage, lines_of
from relay.model import AudienceMessage
from relay.system.cancellation import checkpoint

CONSUMER = "relay"
"""Always the same: who claims has the lease, so whoever held something before is gone."""
SLICE = 1.0
"""Seconds one read blocks at most, so that a server that fell silent is noticed."""


class Claims:
    """What this process holds."""

    def __init__(self, pages: Pages, url: str, timeout: float) -> None:
        self._pages = pages
        self._reader = connect(url, timeout)
        self._slice = min(SLICE, timeout / 2)
        self._reading = asyncio.Lock()
        self._shelf: deque[StoredMessage] = deque()
        """Given to us by the server, not handed out yet."""
        self._torn = False
        """A read did not come to its end: the server may have given us what we never saw."""
        self.handed: dict[str, AudienceMessage] = {}
        """Handed out and, as far as this process knows, without an outcome."""

    async def close(self) -> None:
        await self._reader.aclose()

    async def claim(self, limit: int, wait: float) -> list[AudienceMessage]:
        now = asyncio.get_running_loop().time
        deadline = now() + wait
        while True:
            checkpoint()
            async with self._reading:
                newest = None if self._shelf else await self._fill(limit)
                messages = await self._hand_out(limit)
                if messages or now() >= deadline:
                    return messages
                if newest is not None:
                    await self._pages.connection.ask(self._arrival, newest, deadline - now())

    async def reclaim(self) -> list[AudienceMessage]:
        async with self._reading:
            await self._adopt()
            messages = dict(starmap(_as_message, await self._leftovers()))
            self.handed |= messages
            return list(messages.values())

    async def _fill(self, limit: int) -> bytes:
        """Put lines on the shelf, if there are any. The newest page that was there by then."""
        while True:
            if self._torn:
                self._shelf.extend([line for line, _ in await self._leftovers()])
            self._torn = True
            answer = await self._pages.connection.ask(self._take, limit)
            if answer is not None:
                newest, entries = answer
                self._torn = False
                self._shelf.extend(lines_of(entries))
                return bytes(newest)

    async def _take(self, limit: int) -> Any:
        """The newest page and new ones, now ours; None when the connection failed: nobody knows what was given."""
        pages = self._pages
        arguments = (pages.as_owner(), GROUP, CONSUMER, min(limit, PAGES))
        try:
            return await pages.call(self._reader, scripts.CLAIM, *arguments)
        except RedisError as error:
            if is_transient(error):
                return None
            raise

    async def _arrival(self, newest: bytes, wait: float) -> None:
        """Wait for a newer page, up to `wait` seconds or a slice. It is not taken yet: that only an owner may."""
        block = int(min(wait, self._slice) * 1000)
        if block > 0:
            await self._reader.xread({self._pages.keys.log: newest}, count=1, block=block)

    async def _hand_out(self, limit: int) -> list[AudienceMessage]:
        """The next lines of the shelf that still wait."""
        lines = list(islice(self._shelf, limit))
        chosen, settled = await self._sift(lines)
        await self._release(settled)
        # From here on without a pause, so that a cancelled claim leaves everything on the shelf.
        for _ in lines:
            self._shelf.popleft()
        messages = dict(starmap(_as_message, chosen))
        self.handed |= messages
        return list(messages.values())

    async def _leftovers(self) -> list[tuple[StoredMessage, Standing]]:
        """What the server says we hold, and we neither handed out nor have on the shelf."""
        lines: list[StoredMessage] = []
        last = b"0"
        while entries := await self._pages.connection.ask(self._held, last):
            lines += lines_of(entries)
            last = entries[-1][0]
        shelf = {(line.page, line.key) for line in self._shelf}
        chosen, settled = await self._sift([line for line in lines if (line.page, line.key) not in shelf])
        await self._release(settled)
        return [(line, standing) for line, standing in chosen if line.key not in self.handed]

    async def _held(self, after: bytes) -> list[Any]:
        log = self._pages.keys.log
        answer = await self._pages.redis.xreadgroup(GROUP, CONSUMER, {log: after}, count=PAGES)
        return answer[0][1] if answer else []

    async def _adopt(self) -> None:
        """Take over what consumers of other names still hold, as early versions of the relay had them."""
        start = b"0-0"
        while True:
            start, *_ = await self._pages.connection.ask(
                self._pages.redis.xautoclaim,
                self._pages.keys.log,
                GROUP,
                CONSUMER,
                min_idle_time=0,
                start_id=start,
                count=PAGES,
            )
            if start == b"0-0":
                return

    async def _sift(self, lines: Sequence[StoredMessage]) -> tuple[list[tuple[StoredMessage, Standing]], set[bytes]]:
        """The lines that may be handed out, and the pages of those that may not."""
        standings = await self._pages.standing(line.key for line in lines)
        pairs = list(zip(lines, standings, strict=True))
        free = [(line, standing) for line, standing in pairs if standing.is_free and standing.page == line.page]
        return free, {line.page for line in lines} - {line.page for line, _ in free}

    async def _release(self, pages: Iterable[bytes]) -> None:
        """Acknowledge those of the pages in which everything had its outcome before they reached us."""
        for page in pages:
            await self._pages.connection.ask(self._acknowledge, page)

    async def _acknowledge(self, page: bytes) -> None:
        if not await self._pages.redis.hexists(self._pages.keys.open, page):
            await self._pages.redis.xack(self._pages.keys.log, GROUP, page)


def _as_message(line: StoredMessage, standing: Standing) -> tuple[str, AudienceMessage]:
    return line.key, standing.apply(line.message())
