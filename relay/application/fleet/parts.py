"""What kinds of processes do for a fleet, and for each of its accounts."""

import asyncio
import logging
from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Protocol

from relay.application.fleet.accounts import SharedAccount, accounts, has_account
from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.keeper import Keeper, log_failure
from relay.application.settings import Fleet
from relay.platforms.info import PlatformInfo

log = logging.getLogger(__name__)


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

    def __init__(self, account: SharedAccount) -> None:
        self.account = account
        self.part: FleetPart | None = None


class AccountParts:
    """A part for each account that companions have there; each of them starts, ends and fails alone."""

    def __init__(self, infos: Collection[PlatformInfo[Any]], make: MakePart, fleet: Fleet) -> None:
        self._infos = infos
        self._make = make
        self._fleet = fleet
        self._kept: Keeper[_Account] = Keeper(_log)

    async def run(self) -> None:
        try:
            for account in self._wanted():
                self._start(account)
            await asyncio.Event().wait()
        finally:
            await self._kept.end(*self._kept)

    async def follow(self, fleet: Fleet, changes: FleetChanges) -> None:
        """Use new accounts, and those no more that nobody has."""
        self._fleet = fleet
        wanted = self._wanted()
        used_no_more = (used for used in self._kept if not any(_is_same(used.account, each) for each in wanted))
        await self._kept.end(*used_no_more)
        for used in self._kept:
            if used.part is not None:
                await used.part.follow(fleet, changes)
        for account in wanted:
            if not any(_is_same(used.account, account) for used in self._kept):
                self._start(account)

    def _wanted(self) -> list[SharedAccount]:
        return [account for account in accounts(self._fleet.companions) if account.info in self._infos]

    def _start(self, account: SharedAccount) -> None:
        used = _Account(account)
        self._kept.start(used, partial(self._use, used), f"account of {account.info.name}")

    async def _use(self, used: _Account) -> bool:
        """Until it ends by itself, as the process does."""
        current = next(each for each in self._wanted() if _is_same(each, used.account))
        used.part = self._make(current, self._fleet)
        try:
            await used.part.run()
        finally:
            used.part = None
        return False


def _log(used: _Account, group: ExceptionGroup[Exception]) -> None:
    """It costs those alone who have this account."""
    account = used.account
    log_failure(log, f"{account.info.label} of {', '.join(account.companions)}", group)


def _is_same(one: SharedAccount, other: SharedAccount) -> bool:
    return one.info is other.info and has_account(one.section, other.section)
