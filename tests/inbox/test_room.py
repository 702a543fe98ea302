"""Redis whose memory runs out: people are told before, and nothing that was taken is lost."""

import logging
import math
from typing import cast

import pytest
from redis.asyncio import Redis

from relay.application.processes.core import inbox_of
from relay.application.settings import load
from relay.bus.bus import Bus
from relay.config import InboxSection, RelaySection
from relay.errors import InboxError
from relay.inbox.base import Inbox
from relay.inbox.upkeep import Upkeep
from tests.contracts.samples import forward, message, messages, settlements
from tests.doubles.redis_server import RedisServer
from tests.inbox.opening import opened

MIB = 1 << 20


async def test_what_was_taken_goes_its_way_while_nothing_new_is_taken(server: RedisServer, namespace: str) -> None:
    async with opened(server, namespace) as inbox, Redis.from_url(server.url) as admin:
        await inbox.append(messages(1, 2, 3))
        await admin.config_set("maxmemory", 1)

        with pytest.raises(InboxError, match="maxmemory"):
            await inbox.append([message(4)])
        assert await inbox.claim(2, wait=0) == messages(1, 2)
        assert await inbox.begin([forward(message(1))]) == [True]
        assert await inbox.settle(settlements(messages(1, 2))) == [True, True]
        await inbox.lease.make_sure()

        await admin.config_set("maxmemory", 0)
        assert await inbox.append([message(4)]) == [True]
        assert await inbox.claim(1, wait=0) == [message(3)]
        assert await inbox.claim(1, wait=0) == [message(4)]


async def test_a_store_that_fills_up_is_told_of_once_and_before_it_is_full(
    server: RedisServer, namespace: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with opened(server, namespace) as inbox, Redis.from_url(server.url) as admin:
        upkeep = Upkeep(inbox, 60.0)
        await upkeep.once()
        assert upkeep.troubles == []

        used = (await admin.info("memory"))["used_memory"]
        most = int(used / 0.9)
        await admin.config_set("maxmemory", most)
        await upkeep.once()
        await upkeep.once()
        [line] = upkeep.troubles
        assert "% of maxmemory is used" in line and f" of {most >> 20} MiB" in line and "raise maxmemory" in line
        assert sum("of maxmemory is used" in record.message for record in caplog.records) == 1


async def test_settings_of_redis_that_may_lose_messages_are_told_of(server: RedisServer, namespace: str) -> None:
    async with opened(server, namespace) as inbox, Redis.from_url(server.url) as admin:
        await admin.config_set("maxmemory-policy", "allkeys-lru")
        assert await inbox.troubles() == []  # nothing is thrown away where there is no limit

        await admin.config_set("maxmemory", 1_000 * MIB)
        await admin.config_set("appendonly", "no")
        evicting, unwritten = await inbox.troubles()
        assert "maxmemory-policy is allkeys-lru" in evicting and "set noeviction" in evicting
        assert "no snapshots are made" in unwritten and "set appendonly yes" in unwritten


async def test_what_is_wrong_with_redis_is_looked_for_once_for_all_companions_of_a_process(
    server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.server.FRESH", math.inf)
    bus = Bus(InboxSection.model_validate({"engine": "redis", "url": server.url}), namespace)
    configs = [load(relay=RelaySection(name=name)) for name in ("ann", "ben")]
    ann, ben = (inbox_of(config, bus) for config in configs)
    async with bus.running(), Redis.from_url(server.url) as admin:
        await admin.config_set("appendonly", "no")
        [told] = await ann.troubles()
        assert "no snapshots are made" in told

        await admin.config_set("save", "3600 1")  # and nothing is wrong any more

        assert [await ann.troubles(), await ben.troubles()] == [[told], [told]]


async def test_snapshots_alone_are_worth_a_remark(server: RedisServer, namespace: str) -> None:
    async with opened(server, namespace) as inbox, Redis.from_url(server.url) as admin:
        assert await inbox.remarks() == []

        await admin.config_set("appendonly", "no")
        await admin.config_set("save", "3600 1")

        assert await inbox.troubles() == []
        [remark] = await inbox.remarks()
        assert "loses what came since its snapshot" in remark


async def test_a_server_that_does_not_say_how_it_keeps_data_is_no_failure(server: RedisServer, namespace: str) -> None:
    async with opened(server, namespace) as inbox, Redis.from_url(server.url) as admin:
        await admin.config_set("appendonly", "no")
        await admin.acl_setuser("default", enabled=True, commands=["-config"])  # as managed ones refuse it

        assert await inbox.troubles() == []
        [remark] = await inbox.remarks()
        assert "CONFIG is refused" in remark


class Troubled:
    """A store with other troubles at each look."""

    def __init__(self, *looks: list[str]) -> None:
        self._looks = iter(looks)

    async def trim(self, older_than: float) -> int:
        return 0

    async def troubles(self) -> list[str]:
        return next(self._looks)

    async def remarks(self) -> list[str]:
        return []


async def test_a_trouble_of_which_only_the_figures_change_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    store = Troubled(["90 % is used"], ["91 % is used"], ["91 % is used", "91 lines are lost"])
    upkeep = Upkeep(cast(Inbox, store), 60.0)

    for _ in range(3):
        await upkeep.once()

    assert [record.message for record in caplog.records] == ["90 % is used", "91 lines are lost"]
