"""What came in before this start, back in the feed and in support, with how it ended."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import Final

from relay.application.desk.feed import Feed
from relay.application.desk.rows import MessageRow
from relay.application.desk.support import KINDS, Support
from relay.errors import InboxError
from relay.inbox.base import Inbox
from relay.system import clock
from relay.web.desk.log import AT_ONCE, LogRow

AGO: Final = 12 * 3600.0
"""Seconds looked back: as long as a stream may be."""
LOOKED_BACK: Final = 5_000
"""Messages at most, the newest."""
AGAIN: Final = 0.25
"""Seconds until a store is asked again that is not open yet."""


class Past:
    """Knows of messages what the logs do not: those of an earlier run, and what became of them."""

    def __init__(self, inbox: Inbox, feed: Feed, support: Support) -> None:
        self._inbox = inbox
        self._feed = feed
        self._support = support

    async def bring_back(self) -> None:
        """Put into both logs what is not there yet, as soon as the store is open: the desk is there before it."""
        while True:
            if self._inbox.is_sure:
                with suppress(InboxError):  # the light of the store says so where it lasts
                    return await self._bring_back()
            await asyncio.sleep(AGAIN)

    async def _bring_back(self) -> None:
        since = clock.now() - AGO
        messages = [each for each in reversed(await self._inbox.newest(LOOKED_BACK)) if each.at >= since]
        await self._support.restore(messages)
        self._feed.restore(messages)
        for message in messages:
            if message.kind in KINDS:
                await self._find_end(message.key)
        await self.find_ends(islice(self._feed.topic, AT_ONCE))

    async def find_ends(self, rows: Iterable[LogRow]) -> None:
        """Look up how those ended of which nobody has told that since the start, as far as the store answers."""
        with suppress(InboxError):
            for row in list(rows):
                if isinstance(row, MessageRow) and row.ended is None:
                    await self._find_end(row.id)

    async def _find_end(self, key: str) -> None:
        record = await self._inbox.why(key)
        if record is not None and record.settlement is not None:
            self._feed.settled([record.settlement])
            self._support.settled([record.settlement])
