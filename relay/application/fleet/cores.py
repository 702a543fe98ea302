"""The companions that this process leads: each a core of its own, which starts, ends and fails alone."""

import asyncio
import logging
import random
from typing import Final

from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.share import FairShare
from relay.application.processes.core import inbox_of, lead
from relay.application.settings import Fleet
from relay.application.statistics import Statistics
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.errors import InboxTaken, RelayError
from relay.system import shutdown
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

AGAIN: Final = (5.0, 60.0)
"""Seconds after which a companion that failed is tried again: at first, and at most."""
JITTER: Final = (0.8, 1.2)


class FleetCores:
    """`run` leads as many of a fleet's companions as are this process's part, until cancelled."""

    def __init__(self, fleet: Fleet, bus: Bus, watch: Watch) -> None:
        self._fleet = fleet
        self._watch = watch
        self._bus = bus
        self._share = FairShare(bus.presence, lambda: len(self._fleet.companions))
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changing = asyncio.Lock()
        self.problems: dict[str, str] = {}
        """What keeps companions from running, by name."""

    async def run(self) -> None:
        try:
            for name, config in self._fleet.companions.items():
                self._start(name, config)
            while True:
                checkpoint()
                await self._leave(await self._share.surplus())
        finally:
            await self._end(*self._tasks)

    async def follow(self, fleet: Fleet, changes: FleetChanges) -> None:
        """Have these companions from now on; those that are as before notice nothing."""
        async with self._changing:
            self._fleet = fleet
            await self._end(*changes.removed, *changes.changed)
            for name in (*changes.changed, *changes.added):
                self._start(name, fleet.companions[name])
            for name in changes.removed:
                self._clear(name)

    async def _leave(self, name: str) -> None:
        """To another process, which leads fewer. What waits in its inbox goes on there."""
        async with self._changing:
            if name in self._tasks:
                log.info("%s is left to another process", name)
                await self._end(name)
                self._start(name, self._fleet.companions[name])

    def _start(self, name: str, config: Config) -> None:
        keeping = self._keep(name, config)
        self._tasks[name] = asyncio.create_task(keeping, name=f"companion {name}", context=shutdown.apart())

    async def _end(self, *names: str) -> None:
        ending = [self._tasks.pop(name) for name in dict.fromkeys(names) if name in self._tasks]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    async def _keep(self, name: str, config: Config) -> None:
        """Lead it whenever nobody does; what fails costs this companion alone."""
        pause = AGAIN[0]
        while not self._watch.asked.is_set():
            checkpoint()  # what fails while it is ended hides that it was
            await self._share.turn(name)
            inbox = inbox_of(config, self._bus)
            try:
                await inbox.lease.acquire()
                self._clear(name)
                await lead(config, Statistics(), self._bus, inbox, self._watch)
            except* InboxTaken:
                log.info("%s is led by another process", name)
                pause = AGAIN[0]
            except* Exception as group:
                self._note(name, group)
                pause = min(2 * pause, AGAIN[1])
            finally:
                await inbox.lease.release()  # what failed before it opened its inbox would keep it for ever
                await self._share.released(name)
            await asyncio.sleep(pause * random.uniform(*JITTER))

    def _clear(self, name: str) -> None:
        self.problems.pop(name, None)
        self._share.tell(self.problems)

    def _note(self, name: str, group: ExceptionGroup) -> None:
        causes = [leaf for leaf in _leaves(group)]
        told = "; ".join(dict.fromkeys(str(each) for each in causes if isinstance(each, RelayError)))
        self.problems[name] = told or f"a mistake of the relay ({type(causes[0]).__name__})"
        self._share.tell(self.problems)
        log.error("%s: %s", name, self.problems[name], exc_info=None if told else causes[0])


def _leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    return [
        leaf
        for each in group.exceptions
        for leaf in (_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    ]
