"""What kinds of processes do for a fleet, and for each of its accounts."""

import asyncio
import logging
import random
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from relay.application.fleet.accounts import SharedAccount, accounts, has_account
from relay.application.fleet.changes import FleetChanges
from relay.application.settings import Fleet
from relay.errors import RelayError
from relay.platforms.info import PlatformInfo
from relay.system import shutdown
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

AGAIN: Final = (5.0, 60.0)
"""Seconds after which an account that failed is tried again: at first, and at most."""
JITTER: Final = (0.8, 1.2)


class FleetPart(Protocol):
    """What one kind of process does for all companions."""

    async def run(self) -> None:
        """Until cancelled."""
        ...

    async def follow(self, fleet: Fleet, changes: FleetChanges, /) -> None:
        """The settings are others now. Raises RelayError for what cannot be done."""
        ...


MakePart = Callable[[SharedAccount, Fleet], FleetPart]


class _Account:
    """One that is used, and what uses it: nothing while it has to wait for another try."""

    def __init__(self, account: SharedAccount, task: asyncio.Task[None]) -> None:
        self.account = account
        self.task = task
        self.part: FleetPart | None = None


class AccountParts:
    """A part for each account that companions have there; each of them starts, ends and fails alone."""

    def __init__(self, infos: Collection[PlatformInfo[Any]], make: MakePart, fleet: Fleet) -> None:
        self._infos = infos
        self._make = make
        self._fleet = fleet
        self._used: list[_Account] = []

    async def run(self) -> None:
        try:
            for account in self._wanted():
                self._start(account)
            await asyncio.Event().wait()
        finally:
            await self._end(self._used)

    async def follow(self, fleet: Fleet, changes: FleetChanges) -> None:
        """Use new accounts, and those no more that nobody has."""
        self._fleet = fleet
        wanted = self._wanted()
        await self._end([used for used in self._used if not any(_is_same(used.account, each) for each in wanted)])
        for used in self._used:
            if used.part is not None:
                await used.part.follow(fleet, changes)
        for account in wanted:
            if not any(_is_same(used.account, account) for used in self._used):
                self._start(account)

    def _wanted(self) -> list[SharedAccount]:
        return [account for account in accounts(self._fleet.companions) if account.info in self._infos]

    def _start(self, account: SharedAccount) -> None:
        keeping = self._keep(account)
        task = asyncio.create_task(keeping, name=f"account of {account.info.name}", context=shutdown.apart())
        self._used.append(_Account(account, task))

    async def _end(self, used: Collection[_Account]) -> None:
        ending = {each.task for each in used}
        self._used = [each for each in self._used if each.task not in ending]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    async def _keep(self, account: SharedAccount) -> None:
        """Until it ends by itself, as the process does. What fails costs those alone who have this account."""
        pause = AGAIN[0]
        while True:
            checkpoint()
            try:
                await self._use(account)
                return
            except* RelayError as group:
                log.error("%s of %s: %s", account.info.label, ", ".join(account.companions), _told(group))
            except* Exception as group:
                log.error("%s of %s failed", account.info.label, ", ".join(account.companions), exc_info=group)
            await asyncio.sleep(pause * random.uniform(*JITTER))
            pause = min(2 * pause, AGAIN[1])

    async def _use(self, account: SharedAccount) -> None:
        used = next(each for each in self._used if each.account is account)
        current = next(each for each in self._wanted() if _is_same(each, account))
        used.part = self._make(current, self._fleet)
        try:
            await used.part.run()
        finally:
            used.part = None


def _is_same(one: SharedAccount, other: SharedAccount) -> bool:
    return one.info is other.info and has_account(one.section, other.section)


def _told(group: BaseExceptionGroup[RelayError]) -> str:
    told = [_told(each) if isinstance(each, BaseExceptionGroup) else str(each) for each in group.exceptions]
    return "; ".join(dict.fromkeys(told))
