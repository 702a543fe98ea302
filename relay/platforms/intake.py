"""Between a platform's events and `receive`: everything in the order it came, nothing twice, nothing accepted lost."""

import asyncio
import logging
from collections import deque
from collections.abc import Hashable
from contextlib import suppress
from itertools import islice, takewhile

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.errors import InboxError
from relay.model import Incoming
from relay.platforms.base import Receive
from relay.system.backoff import backoff
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

BATCH = 500
"""Things handed over at once, so that a flood is stored in few steps."""
GRACE = 3.0
"""Seconds the inbox gets, after a stop, to take what was already accepted."""
RETRY_AT_MOST = 5.0
"""The longest wait between two tries, in seconds."""

Missed = asyncio.Task[list[Incoming]]
"""Finds what happened while nobody listened; must not raise."""
_Entry = tuple[Incoming | Missed, asyncio.Future[None]]


class Seen:
    """Remembers the newest ids, so that what a platform delivers twice counts once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._ids: dict[Hashable, None] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, id: Hashable) -> bool:
        """True when the id is new, as far back as is remembered."""
        if id in self._ids:
            return False
        self._ids[id] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]
        return True


class Intake:
    """Accepts without waiting, hands over in order, and tries again as long as the inbox does not answer."""

    def __init__(self, platform: str, receive: Receive) -> None:
        self._platform = platform
        self._receive = receive
        self._waiting: deque[_Entry] = deque()
        self._filled = asyncio.Event()
        self._retrying = AsyncRetrying(
            retry=retry_if_exception_type(InboxError),
            wait=backoff(0.1, RETRY_AT_MOST),
            before_sleep=self._note_trouble,
        )
        self.stuck = False
        """Whether the inbox refused the last try."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: Incoming | Missed) -> asyncio.Future[None]:
        """Accept one thing, or a search whose finds take this place in the order. Done once it is stored."""
        stored = asyncio.get_running_loop().create_future()
        self._waiting.append((item, stored))
        self._filled.set()
        return stored

    async def stored(self) -> None:
        """Return when everything accepted so far is stored."""
        if self._waiting:
            _, last = self._waiting[-1]
            await asyncio.shield(last)

    async def run(self) -> None:
        """Hand over until cancelled, then what is left as far as the grace allows."""
        try:
            while True:
                checkpoint()
                await self._filled.wait()
                await self._hand_over()
        except asyncio.CancelledError:
            await self._drain()
            raise

    async def _hand_over(self) -> None:
        first, _ = self._waiting[0]
        if isinstance(first, asyncio.Task):
            await asyncio.wait({first})  # a stop reaches us, and not a search that goes on regardless
            found, count = first.result(), 1
        else:
            found = _ready(self._waiting)
            count = len(found)
        if found:
            await self._retrying(self._receive, *found)
            self.stuck = False
        self._done(count)

    def _done(self, count: int) -> None:
        for _ in range(count):
            _, stored = self._waiting.popleft()
            if not stored.done():
                stored.set_result(None)
        if not self._waiting:
            self._filled.clear()

    def _note_trouble(self, state: RetryCallState) -> None:
        if not self.stuck:
            log.warning("%s: the inbox does not answer; %d things wait for it", self._platform, len(self._waiting))
        self.stuck = True

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while self._waiting:
                    await self._give_up_search()
                    await self._hand_over()
        if self._waiting:
            log.error("%s: %d things could not be stored before the end", self._platform, len(self._waiting))

    async def _give_up_search(self) -> None:
        search, _ = self._waiting[0]
        if isinstance(search, asyncio.Task) and not search.done():
            await asyncio.sleep(0)  # one that has begun tells at least what it began with
            search.cancel()
            await asyncio.wait({search})
        if isinstance(search, asyncio.Task) and search.cancelled():
            self._waiting[0] = (asyncio.create_task(_nothing()), self._waiting[0][1])


def _ready(waiting: deque[_Entry]) -> list[Incoming]:
    """What can be handed over at once: up to the next search."""
    batch = takewhile(lambda entry: not isinstance(entry[0], asyncio.Task), islice(waiting, BATCH))
    return [item for item, _ in batch if not isinstance(item, asyncio.Task)]


async def _nothing() -> list[Incoming]:
    return []
