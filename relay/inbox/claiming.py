"""Claiming from Redis through the consumer group, so that nothing handed out is lost or handed out twice."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice, starmap
from typing import Any

from relay.bus.connection import is_transient
from relay.inbox import scripts
from relay.inbox.pages import GROUP, PAGES, Pages, Standing, StoredMessage, lines_of
from relay.model import AudienceMessage
from relay.system.cancellation import checkpoint

CONSUMER = "relay"
"""Always the same: who claims has the lease, so whoever held something before is gone."""
LOOK_EVERY = 5.0
"""Seconds after which a claim looks although nothing came through this process, as everything should."""


class Claims:
    """What this process holds."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._claimers: set[asyncio.Event] = set()
        self._reading = asyncio.Lock()
        self._shelf: deque[StoredMessage] = deque()
        """Given to us by the server, not handed out yet."""
        self._torn = False
        """A read did not come to its end: the server may have given us what we never saw."""
        self.handed: dict[str, AudienceMessage] = {}
        """Handed out and, as far as this process knows, without an outcome."""

    def wake(self) -> None:
        """Have those who wait look again."""
        for arrived in self._claimers:
            arrived.set()

    async def claim(self, limit: int, wait: float) -> list[AudienceMessage]:
        now = asyncio.get_running_loop().time
        deadline = now() + wait
        arrived = asyncio.Event()
        self._claimers.add(arrived)
        try:
            while True:
                checkpoint()
                arrived.clear()
                if (messages := await self._next(limit)) or (left := deadline - now()) <= 0:
                    return messages
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_EVERY)):
                        await arrived.wait()
        finally:
            self._claimers.discard(arrived)

    async def _next(self, limit: int) -> list[AudienceMessage]:
        async with self._reading:
            if not self._shelf:
                await self._fill(limit)
            return await self._hand_out(limit)

    async def reclaim(self) -> list[AudienceMessage]:
        async with self._reading:
            await self._adopt()
            messages = dict(starmap(_as_message, await self._leftovers()))
            self.handed |= messages
            return list(messages.values())

    async def _fill(self, limit: int) -> None:
        """Put lines on the shelf, if there are any."""
        while True:
            if self._torn:
                self._shelf.extend([line for line, _ in await self._leftovers()])
            self._torn = True
            entries = await self._pages.ask_group(self._take, limit)
            if entries is not None:
                self._torn = False
                self._shelf.extend(lines_of(entries))
                return

    async def _take(self, limit: int) -> Any:
        """New pages, now ours; None when the connection failed: nobody knows what was given."""
        arguments = (self._pages.as_owner(), GROUP, CONSUMER, min(limit, PAGES))
        try:
            return await self._pages.run_once(scripts.CLAIM, *arguments)
        except Exception as error:
            if is_transient(error):
                return None
            raise

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
        while entries := await self._pages.ask_group(self._held, last):
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
            start, *_ = await self._pages.ask_group(
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
