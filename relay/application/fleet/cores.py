"""The companions that this process leads: each a core of its own, which starts, ends and fails alone."""

import asyncio
import logging
from functools import partial

from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.keeper import Keeper, log_failure
from relay.application.fleet.share import FairShare
from relay.application.fleet.starts import Starts
from relay.application.processes.core import CompanionCore, inbox_of, load_platforms
from relay.application.processes.leadership import Leadership
from relay.application.settings import Fleet
from relay.application.settings.fleet import claimed
from relay.application.statistics import Statistics
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.errors import InboxTaken
from relay.inbox.redis import RedisInbox
from relay.system.cancellation import checkpoint
from relay.system.fairness import give_way
from relay.system.garbage import LongLived

log = logging.getLogger(__name__)


class FleetCores:
    """`run` leads as many of a fleet's companions as are this process's part, until cancelled."""

    def __init__(self, fleet: Fleet, bus: Bus, watch: Watch) -> None:
        self._fleet = fleet
        self._watch = watch
        self._bus = bus
        self._share = FairShare(bus.presence, lambda: len(self._fleet.companions), watch.asked)
        self._kept: Keeper[str] = Keeper(self._note)
        self._led: dict[str, Leadership] = {}
        self._going: list[Leadership] = []
        """Those that end once what is being said is said, as their settings are no more."""
        self._starts = Starts()
        self._objects = LongLived()
        self.problems: dict[str, str] = {}
        """What keeps companions from running, by name."""

    async def run(self) -> None:
        load_platforms(self._fleet.companions.values(), self._bus)
        self._share.tell(self.problems)  # only now: the others leave it a part, which would wait for seconds
        try:
            for name in self._fleet.companions:
                self._start(name)
            while True:
                checkpoint()
                name = await self._share.surplus()
                self._leave(name)
                await self._share.left(name)
        finally:
            await self._kept.end(*self._kept)

    async def follow(self, fleet: Fleet, changes: FleetChanges) -> None:
        """Have these companions from now on; those that are as before notice nothing.

        One that begins anew, and one that is removed, says first what it is at.
        """
        self._fleet = fleet
        live = {name: change.config for name, change in changes.changed.items() if change.is_live}
        for name, config in live.items():
            if name in self._led:
                await self._led[name].adopt(config)
        wanted = [*(name for name in changes.changed if name not in live), *changes.added]
        going_on = {name for name in (*wanted, *changes.removed) if self._is_left_at_its_end(name)}
        await self._kept.end(*(name for name in (*wanted, *changes.removed) if name not in going_on))
        for name in wanted:
            if name not in going_on:
                self._start(name)
        for name in changes.removed:
            if name not in going_on:
                self._forget(name)

    def _leave(self, name: str) -> None:
        """To another process, which leads fewer. What waits in its inbox goes on there."""
        if name in self._led:
            log.info("%s is left to another process", name)
            self._led[name].is_left.set()

    def _is_left_at_its_end(self, name: str) -> bool:
        """Whether it ends by itself once what it is saying is said; one that has not begun says nothing."""
        if name not in self._led or not self._led[name].has_begun:
            return False
        self._led[name].is_left.set()
        self._going.append(self._led[name])
        return True

    def _start(self, name: str) -> None:
        self._watch.leads(name, False)
        self._kept.start(name, partial(self._lead, name), f"companion {name}")

    async def _lead(self, name: str) -> bool:
        """Lead it once nobody does, and again at once where its settings are others by then. Whether to do so again."""
        is_to_end = self._watch.asked.is_set
        while name in self._fleet.companions and not is_to_end():
            checkpoint()
            led_by = await self._lead_once(name)
            if led_by == self._fleet.companions.get(name) and not is_to_end():
                return True
        if is_to_end():
            self._share.end()
        elif name not in self._fleet.companions:
            self._forget(name)
        return False

    async def _lead_once(self, name: str) -> Config:
        """Returns the settings that it went by in the end."""
        await self._until_free(name)
        await self._share.turn(name)
        leadership = self._led[name] = Leadership(self._fleet.companions[name])
        inbox = inbox_of(leadership.config, self._bus)
        try:
            await inbox.acquire()
            self._clear(name)
            turn = await self._starts.turn(await self._waiting(name, inbox))
            leadership.takes_in = turn.end
            try:
                if leadership.is_left.is_set():
                    return leadership.config
                core = CompanionCore(leadership, Statistics(), self._bus, inbox)
                core.prepare()
                self._objects.came()
                await give_way()  # those who are led already have their turn
                await core.lead(self._watch)
            finally:
                turn.end()
        except* InboxTaken:
            log.info("%s is led by another process", name)
        finally:
            await inbox.lease.release()  # what failed before it opened its inbox would keep it for ever
            await self._share.released(name)
            del self._led[name]
            self._objects.gone()
            leadership.has_ended.set()
            self._going = [each for each in self._going if each is not leadership]
        return leadership.config

    async def _waiting(self, name: str, inbox: RedisInbox) -> int:
        """How much there is to be told of it: taken in by who led it before, or by nobody yet."""
        brought = self._bus.companion_stream(name, "ingress")
        return sum(await asyncio.gather(inbox.waiting(), brought.length()))

    async def _until_free(self, name: str) -> None:
        """Return when nobody who is still going has here what it is to have: a channel, a port, a file."""
        while holders := [each for each in self._going if claimed(each.config) & claimed(self._fleet.companions[name])]:
            await holders[0].has_ended.wait()

    def _forget(self, name: str) -> None:
        """It was removed, and has ended."""
        self._clear(name)
        self._watch.forgets(name)

    def _clear(self, name: str) -> None:
        self.problems.pop(name, None)
        self._share.tell(self.problems)

    def _note(self, name: str, group: ExceptionGroup[Exception]) -> None:
        self.problems[name] = log_failure(log, name, group)
        self._share.tell(self.problems)
