"""Claiming from Redis through the consumer group, so that nothing handed out is lost or handed out twice."""

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice, starmap
from typing import Any

from relay.bus.connection import is_transient
from relay.errors import InboxError
from relay.inbox import scripts
from relay.inbox.at_hand import AtHand
from relay.inbox.pages import GROUP, PAGES, Pages, Standing, StoredMessage, lines_of
from relay.model import AudienceMessage
from relay.system.cancellation import checkpoint

CONSUMER = "relay"
"""Always the same: who claims has the lease, so whoever held something before is gone."""
READS = 3
"""Reads that may break off in a row before a claim fails: who claims waits for a moment then."""
LOOK_EVERY = 30.0
"""Seconds after which a claim looks although nothing came through this process, as everything should."""


class Claims:
    """What this process holds. What it stored itself, and nobody changed, needs no looking up (`at_hand`)."""

    def __init__(self, pages: Pages, at_hand: AtHand) -> None:
        self._pages = pages
        self._at_hand = at_hand
        self._claimers: set[asyncio.Event] = set()
        self._reading = asyncio.Lock()
        self._shelf: deque[StoredMessage] = deque()
        """Given to us by the server, not handed out yet."""
        self._may_have_more = True
        """Whether the server may have some that it has not given us."""
        self._looked_at = -math.inf
        """The time of the loop."""
        self._torn = False
        """A read did not come to its end: the server may have given us what we never saw."""
        self.handed: dict[str, AudienceMessage] = {}
        """Handed out and, as far as this process knows, without an outcome."""

    def wake(self) -> None:
        """Have those who wait look again."""
        self._may_have_more = True
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
                if (messages := await self._next(limit)) or now() >= deadline:
                    return messages
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min(deadline, self._looked_at + LOOK_EVERY)):
                        await arrived.wait()
        finally:
            self._claimers.discard(arrived)

    async def _next(self, limit: int) -> list[AudienceMessage]:
        async with self._reading:
            while True:
                now = asyncio.get_running_loop().time()
                is_worth_it = self._torn or self._may_have_more or now >= self._looked_at + LOOK_EVERY
                if is_worth_it and not self._shelf:
                    self._looked_at = now
                    await self._fill(min(limit, PAGES))
                messages = await self._hand_out(limit)
                if messages or not (self._shelf or self._may_have_more):  # of many the first may have their outcomes
                    return messages

    async def reclaim(self) -> list[AudienceMessage]:
        async with self._reading:
            if not await self._adopt():
                return []
            changes = self._at_hand.changes
            return self._hand(dict(starmap(_as_message, await self._leftovers())), changes)

    async def _fill(self, pages: int) -> None:
        """Put lines on the shelf, if there are any. Raises InboxError."""
        for _ in range(READS):
            if self._torn:
                self._shelf.extend([line for line, _ in await self._leftovers()])
            self._torn, self._may_have_more = True, False
            self._at_hand.begin()
            entries = await self._pages.ask_group(self._take, pages)
            if entries is not None:
                self._torn = False
                self._may_have_more |= len(entries) == pages
                self._shelf.extend(lines_of(entries))
                return
        raise InboxError(f"{self._pages.connection.name} breaks off each read")

    async def _take(self, pages: int) -> Any:
        """New pages, now ours; None when the connection failed: nobody knows what was given."""
        arguments = (self._pages.as_owner(), GROUP, CONSUMER, pages)
        try:
            return await self._pages.run_once(scripts.CLAIM, *arguments)
        except Exception as error:
            if is_transient(error):
                return None
            raise

    async def _hand_out(self, limit: int) -> list[AudienceMessage]:
        """The next lines of the shelf that still wait."""
        changes = self._at_hand.changes
        lines = list(islice(self._shelf, limit))
        # An append may be answered only after what it stored was handed out; a page may bring that once more.
        fresh = self._at_hand.fresh(line.key for line in lines if line.key not in self.handed)
        chosen, settled = await self._sift([line for line in lines if line.key not in fresh])
        await self._release(settled)
        # From here on without a pause, so that a cancelled claim leaves everything on the shelf.
        for _ in lines:
            self._shelf.popleft()
        found = fresh | dict(starmap(_as_message, chosen))
        return self._hand({line.key: found[line.key] for line in lines if line.key in found}, changes)

    def _hand(self, messages: dict[str, AudienceMessage], changes: int) -> list[AudienceMessage]:
        """These, by their keys, as they stood before there were more changes than so many."""
        self.handed |= messages
        self._at_hand.claimed(messages)
        if changes == self._at_hand.changes:
            self._at_hand.hold(messages.values())
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

    async def _adopt(self) -> bool:
        """Take over what consumers of other names still hold, as early versions of the relay had them.

        Whether any of them holds anything, ours included.
        """
        start, is_any = b"0-0", False
        while True:
            start, entries, *_ = await self._pages.ask_group(
                self._pages.redis.xautoclaim,
                self._pages.keys.log,
                GROUP,
                CONSUMER,
                min_idle_time=0,
                start_id=start,
                count=PAGES,
            )
            is_any |= bool(entries)
            if start == b"0-0":
                return is_any

    async def _sift(self, lines: Sequence[StoredMessage]) -> tuple[list[tuple[StoredMessage, Standing]], set[bytes]]:
        """The lines that may be handed out, and the pages of those that may not."""
        if not lines:
            return [], set()
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
