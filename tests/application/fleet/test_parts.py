"""The accounts that companions have: each starts, ends and fails alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.application.fleet import keeper, parts
from relay.application.fleet.accounts import SharedAccount
from relay.application.fleet.changes import FleetChanges, changes
from relay.application.settings import Fleet
from relay.application.settings.fleet import fleet_in
from relay.errors import AuthError
from relay.platforms import listed
from tests.support import eventually


def fleet(**clients: str) -> Fleet:
    """Companions, each with the client id of its Twitch account."""
    lines = [
        f"companions.{name}.twitch = {{ enabled = true, client_id = '{client}', channels = ['{name}'] }}"
        for name, client in clients.items()
    ]
    return fleet_in("\n".join(lines), Path("relay.toml"), {})


class Part:
    """Of an account; fails for the companions that are told."""

    def __init__(self, account: SharedAccount, stage: "Stage") -> None:
        self.companions = account.companions
        self.fleet: Fleet | None = None
        self._stage = stage

    async def run(self) -> None:
        self._stage.begun.append(self.companions)
        if self._stage.failing & set(self.companions):
            raise ExceptionGroup("of its platform", [AuthError("log in again")])
        self._stage.running.append(self)
        try:
            await asyncio.Event().wait()
        finally:
            self._stage.running.remove(self)

    async def follow(self, fleet: Fleet, _: FleetChanges) -> None:
        self.fleet = fleet


class Stage:
    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.begun: list[tuple[str, ...]] = []
        self.running: list[Part] = []

    @asynccontextmanager
    async def using(self, of: Fleet) -> AsyncIterator[parts.AccountParts]:
        found = parts.AccountParts(listed.PLATFORMS, lambda account, _: Part(account, self), of)
        task = asyncio.create_task(found.run())
        try:
            yield found
        finally:
            task.cancel()
            await asyncio.wait({task})

    def used(self) -> list[tuple[str, ...]]:
        return [part.companions for part in self.running]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(keeper, "SOON", 0.0)
    monkeypatch.setattr(keeper, "AGAIN", (0.0, 0.0))
    return Stage()


async def test_an_account_that_is_refused_costs_the_others_nothing_and_is_tried_again(stage: Stage) -> None:
    stage.failing.add("ann")
    async with stage.using(fleet(ann="a", ben="b", cleo="b")):
        await eventually(lambda: stage.begun.count(("ann",)) >= 3)
        assert stage.used() == [("ben", "cleo")]
        stage.failing.clear()
        await eventually(lambda: stage.used() == [("ben", "cleo"), ("ann",)])


async def test_accounts_come_and_go_with_their_companions_while_the_others_go_on(stage: Stage) -> None:
    before, after = fleet(ann="a", ben="b"), fleet(ben="b", cleo="c", dora="b")
    async with stage.using(before) as found:
        await eventually(lambda: stage.used() == [("ann",), ("ben",)])
        await found.follow(after, changes(before, after))
        await eventually(lambda: stage.used() == [("ben",), ("cleo",)])
        assert stage.running[0].fleet is after
        assert stage.begun.count(("ben",)) == 1
    assert stage.used() == []
