"""How one process is watched by whoever runs services: whether it is ready, what it measures, when it is to end."""

import asyncio
import faulthandler
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import partial
from typing import Any, Final

from relay.application.composition import Relay
from relay.application.exposition import Exposition
from relay.application.heartbeat import Heartbeat
from relay.application.metrics import Metrics
from relay.application.statistics import Statistics
from relay.config import OperationsSection
from relay.inbox.base import Inbox
from relay.platforms.base import Platform
from relay.system import service_manager, shutdown
from relay.system.periodic import repeat
from relay.system.readiness import Look, Readiness, ReadyState
from relay.web.probes import ProbeServer

CORE: Final = "core"
"""Not much of a condition: it tells whether this process leads or stands by."""
STORE: Final = "store"
"""The condition that what waits can be kept."""
BEAT_EVERY: Final = 10.0
"""Seconds between two signs of life, for systemd where it watches."""
STUCK_FOR: Final = 60.0
"""Seconds without one after which a process ends itself, where that is wanted."""


class Watch:
    """What the kinds of work in one process share of it."""

    def __init__(self, drain: float, asked: asyncio.Event) -> None:
        self.drain = drain
        """Seconds for what is being said and posted once it is to end."""
        self.asked = asked
        """Set when it is to end, and to end by itself."""
        self._finishing: set[asyncio.Task[Any]] = set()
        self.readiness = Readiness()
        self.exposition = Exposition(self.readiness)
        self.heartbeat = Heartbeat()
        self._leads: dict[str, bool] = {}

    def leads(self, companion: str, is_leading: bool) -> None:
        """Whether this process has the companion's lease; either is a way to be ready."""
        self._leads[companion] = is_leading
        self.exposition.leads(companion, is_leading)
        self.readiness.need({CORE: self._role})

    def forgets(self, companion: str) -> None:
        """There is no such companion any more, so nobody is to miss who leads for it."""
        if self._leads.pop(companion, None) is not None:
            self.exposition.forgets(companion)

    async def _role(self) -> ReadyState:
        leading, all_of_them = sum(self._leads.values()), len(self._leads)
        words = {all_of_them: "leads", 0: "stands by"}.get(leading, f"leads {leading} of {all_of_them}")
        return ReadyState(True, words)

    def is_up(self) -> None:
        """All of it has started."""
        self.readiness.is_starting = False
        service_manager.notify(service_manager.READY)

    @contextmanager
    def finishing_this(self) -> Iterator[None]:
        """This task ends by itself once asked; the rest of the process is cancelled when such tasks have ended."""
        this = asyncio.current_task()
        assert this is not None
        self._finishing.add(this)
        try:
            yield
        finally:
            if not self.asked.is_set():
                self._finishing.discard(this)

    async def finished(self) -> None:
        """Return when the process was asked to end, and has finished what it had begun, or has had its time."""
        await self.asked.wait()
        self.ends()
        if self._finishing:
            await asyncio.wait(self._finishing, timeout=self.drain + shutdown.CLOSING / 2)

    def ends(self) -> None:
        """It takes nothing on any more."""
        self.readiness.is_ending = True
        service_manager.notify(service_manager.STOPPING)


@asynccontextmanager
async def watched(settings: OperationsSection) -> AsyncIterator[Watch]:
    """Watched for as long as the context lasts, where SIGTERM asks to end. Raises ConfigError."""
    with shutdown.asked_politely(settings.drain) as asked:
        watch = Watch(settings.drain, asked)
        probes = ProbeServer(settings, watch.readiness, watch.exposition.text) if settings.enabled else nullcontext()
        beating = asyncio.create_task(repeat(partial(_beat, settings), BEAT_EVERY, "telling that the loop runs"))
        try:
            async with probes:
                yield watch
        finally:
            beating.cancel()
            await asyncio.wait({beating})
            if settings.end_stuck:
                faulthandler.cancel_dump_traceback_later()


async def _beat(settings: OperationsSection) -> None:
    service_manager.notify(service_manager.ALIVE)
    if settings.end_stuck:  # told by no thread of Python's, as what is stuck may let none of them run
        faulthandler.dump_traceback_later(STUCK_FOR, exit=True)


@asynccontextmanager
async def watching(
    watch: Watch, name: str, relay: Relay, statistics: Statistics, heard: Iterable[Platform] = ()
) -> AsyncIterator[None]:
    """The relay of this name, which leads, is seen in the watch of its process for as long as the context lasts.

    `heard` are the platforms that this process listens to itself.
    """
    needed = {STORE: _keeps(relay.inbox), **{each.name: listens(each) for each in heard}}
    with watch.readiness.needing(needed), watch.exposition.telling_of(name, Metrics(relay, statistics)):
        watch.leads(name, True)
        try:
            yield
        finally:
            watch.leads(name, False)


def listens(platform: Platform) -> Look:
    """The condition that the platform is heard."""

    async def look() -> ReadyState:
        is_heard = platform.listening.is_set()
        return ReadyState(is_heard, "is heard" if is_heard else "is not heard")

    return look


def _keeps(inbox: Inbox) -> Look:
    async def look() -> ReadyState:
        await inbox.waiting()
        return ReadyState(True, "answers")

    return look
