"""One relay at a time has an inbox in Redis, and one that slept through the end of its lease cannot write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from redis.asyncio import Redis

from relay.bus.connection import AT_ONCE, RedisConnection
from relay.bus.lease import LOOK_EVERY, Holder, Lease
from relay.errors import InboxError, InboxTaken
from relay.inbox.redis import RedisInbox
from relay.model import Edit, Outcome, Retraction
from tests.contracts.samples import NOON, forward, message, messages, settlement
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, connection_to, redis_server
from tests.inbox.opening import opened
from tests.support import PATIENCE
from tests.virtual_time import VirtualLoop

SHORT = 0.2
"""A lease whose end can be waited for."""
LONG = 60.0
"""One that the busiest machine renews in time."""


@asynccontextmanager
async def asleep(namespace: str) -> AsyncIterator[tuple[RedisInbox, RedisServer, FaultyProxy]]:
    """A relay that holds message 1, has begun a forward with message 2, and says nothing until its way is thawed."""
    with redis_server(tcp=True) as server:
        async with FaultyProxy(server.port) as way:
            inbox = RedisInbox(
                connection_to(f"redis://127.0.0.1:{way.port}", 10.0),
                namespace=namespace,
                max_count=1_000,
                lease=SHORT,
            )
            await inbox.open()
            await inbox.append(messages(1, 2))
            await inbox.claim(2, wait=0)
            await inbox.begin([forward(message(2), id="of the first")])
            await inbox.append([message(3)])
            way.freeze()
            try:
                yield inbox, server, way
            finally:
                way.thaw()
                await inbox.close()


async def test_another_relay_takes_over_from_one_that_says_nothing_any_more(namespace: str) -> None:
    async with asleep(namespace) as (_, server, _), opened(server, namespace, lease=SHORT) as second:
        assert await second.reclaim() == [message(1)]
        assert await second.unfinished() == [forward(message(2), id="of the first")]
        assert await second.claim(9, wait=0) == [message(3)]


WRITES: dict[str, Callable[[RedisInbox], Awaitable[object]]] = {
    "claim": lambda inbox: inbox.claim(9, wait=0),
    "begin": lambda inbox: inbox.begin([forward(message(1), id="of the first, too")]),
    "abandon": lambda inbox: inbox.abandon("of the first"),
    "settle": lambda inbox: inbox.settle([settlement(message(1), Outcome.EXPIRED)]),
    "set_note": lambda inbox: inbox.set_note("switches", "of the first"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_who_slept_through_the_end_of_its_lease_can_write_nothing(namespace: str, write: str) -> None:
    async with asleep(namespace) as (first, server, way), opened(server, namespace, lease=LONG) as second:
        await second.set_note("switches", "of the second")
        on_its_way = asyncio.ensure_future(WRITES[write](first))
        await asyncio.sleep(0)

        way.thaw()

        with pytest.raises(InboxTaken, match="another relay of this name took over while this one slept"):
            await on_its_way
        record = await second.why(message(1).key)
        assert record is not None and (record.settlement, record.forward_id) == (None, None)
        assert [each.id for each in await second.unfinished()] == ["of the first"]
        assert await second.get_note("switches") == "of the second"
        assert await second.claim(9, wait=0) == [message(3)]


async def test_what_platforms_bring_is_stored_whoever_brings_it(namespace: str) -> None:
    async with asleep(namespace) as (first, server, way), opened(server, namespace, lease=LONG) as second:
        way.thaw()

        assert await first.append([message(1), message(4)]) == [False, True]
        assert await first.edit(Edit(platform="twitch", id="m4", text="better"))
        assert len(await first.retract(Retraction(platform="twitch", id="m3", reason="deleted"), at=NOON)) == 1
        assert await second.claim(9, wait=0) == [message(4, text="better")]


async def test_a_lease_that_ended_is_renewed_when_nobody_took_it(namespace: str) -> None:
    async with asleep(namespace) as (first, server, way), Redis.from_url(server.url) as admin:
        key = f"{{{namespace}}}:lease"
        while await admin.exists(key):  # noqa: ASYNC110 - what is waited for is time
            await asyncio.sleep(0.01)
        way.thaw()

        assert await first.settle([settlement(message(1))]) == [True]
        while not await admin.exists(key):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_relay_that_lives_is_told_of_at_once_and_by_name(
    shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.renewals.RENEWALS", 300)  # each of its signs of life is waited for
    async with opened(shared_server, namespace, lease=LONG):
        with pytest.raises(
            InboxTaken, match=r"in use by another relay of this name \(process \d+ on .+\); stop that one"
        ):
            async with opened(shared_server, namespace, lease=LONG):
                pass


def test_who_waits_for_one_that_died_looks_now_and_then_and_when_its_lease_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = VirtualLoop()
    left = iter([Holder(3 * LOOK_EVERY, "who died", 0), Holder(LOOK_EVERY / 2, "who died", 0), None])

    async def look(_: Lease) -> Holder | None:
        return next(left)

    monkeypatch.setattr(Lease, "_try", look)
    loop.run(Lease(cast(RedisConnection, None), "test").acquire())
    assert loop.time() == pytest.approx(1.5 * LOOK_EVERY, abs=0.01)
    loop.close()


async def test_a_lease_without_an_end_as_of_a_backup_ends_when_nobody_renews_it(
    shared_server: RedisServer, namespace: str
) -> None:
    async with Redis.from_url(shared_server.url) as admin:
        await admin.set(f"{{{namespace}}}:lease", "somebody, process 1 of long ago")

    async with asyncio.timeout(PATIENCE), opened(shared_server, namespace, lease=SHORT) as inbox:
        assert await inbox.append([message(1)]) == [True]


async def test_whoever_looks_disturbs_nobody_and_writes_nothing(shared_server: RedisServer, namespace: str) -> None:
    async with opened(shared_server, namespace) as owner:
        await owner.append(messages(1, 2))
        await owner.begin([forward(message(2), id="of the first")])
        looking = RedisInbox(connection_to(shared_server.url, PATIENCE), namespace=namespace, max_count=10)
        await looking.open(to_look=True)
        assert await looking.waiting() == 2
        for write in WRITES.values():
            with pytest.raises(InboxError, match="is not open, or only to look"):
                await write(looking)
        await looking.close()

        assert await owner.claim(1, wait=0) == [message(1)]


async def test_a_store_that_was_emptied_stays_with_who_had_it(shared_server: RedisServer, namespace: str) -> None:
    async with opened(shared_server, namespace, lease=LONG) as owner, Redis.from_url(shared_server.url) as admin:
        keys = [key async for key in admin.scan_iter(match=f"{{{namespace}}}:*")]
        await admin.delete(*keys)

        await owner.set_note("chat", "one")
        assert await owner.append([message(1)]) == [True]
        assert await owner.claim(1, wait=0) == [message(1)]


async def test_who_stands_by_is_the_owner_as_soon_as_the_one_before_lets_go(
    shared_server: RedisServer, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.lease.STAND_BY_EVERY", 0.02)
    async with opened(shared_server, namespace, lease=LONG) as first:
        await first.append([message(1)])
        second = RedisInbox(connection_to(shared_server.url), namespace=namespace, max_count=10, lease=LONG)
        standing_by = asyncio.create_task(second.lease.stand_by())
        await first.waiting()
        assert not standing_by.done()

    async with asyncio.timeout(PATIENCE):
        await standing_by
    await second.open()
    assert await second.claim(1, wait=0) == [message(1)]
    await second.close()


async def test_who_stands_by_waits_for_a_server_that_is_away_as_well(
    namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.lease.STAND_BY_EVERY", 0.02)
    with redis_server() as server:
        server.stop()
        inbox = RedisInbox(connection_to(server.url, 0.05), namespace=namespace, max_count=10, lease=LONG)
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            tasks.create_task(inbox.lease.stand_by())
            await asyncio.sleep(0.1)  # more than the timeout
            server.start()
        assert inbox.lease.is_sure
        await inbox.close()


async def test_who_stands_by_and_could_not_look_leaves_the_owner_time_to_renew_what_ended_meanwhile(
    shared_server: RedisServer, namespace: str
) -> None:
    key, long_ago = f"{{{namespace}}}:lease", 1
    async with opened(shared_server, namespace, lease=LONG) as owner, Redis.from_url(shared_server.url) as admin:
        second = Lease(owner.connection, namespace, LONG)
        await admin.delete(key)

        holder = await second._try(long_ago)
        assert holder is not None and await admin.get(key) == owner.lease.caller.encode()

        await admin.delete(key)
        assert await second._try(holder.at) is None, "it was not away since, and the owner said nothing"
        await second.release()


async def test_an_owner_is_sure_for_as_long_as_its_lease_and_then_asks(
    namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    for module in ("lease", "renewals"):
        monkeypatch.setattr(f"relay.bus.{module}.passing", lambda: now)
    async with asleep(namespace) as (first, server, way):
        assert first.lease.is_sure
        now += SHORT
        assert not first.lease.is_sure
        way.thaw()
        await first.lease.make_sure()
        assert first.lease.is_sure

        way.freeze()
        now += SHORT
        async with opened(server, namespace, lease=LONG) as second:
            assert second.lease.is_sure and not first.lease.is_sure
            way.thaw()
            with pytest.raises(InboxTaken, match="took over while this one slept"):
                await first.lease.make_sure()


async def test_who_waits_for_messages_hears_at_once_that_another_relay_took_over(namespace: str) -> None:
    async with asleep(namespace) as (first, server, way):
        await first_claim_of_all(first, way)
        waiting = asyncio.create_task(first.claim(9, wait=600))
        await asyncio.sleep(0)
        way.freeze()
        async with opened(server, namespace, lease=LONG):
            way.thaw()
            with pytest.raises(InboxTaken):
                async with asyncio.timeout(PATIENCE):
                    await waiting


async def first_claim_of_all(inbox: RedisInbox, way: FaultyProxy) -> None:
    way.thaw()
    assert await inbox.claim(9, wait=0) == [message(3)]


async def test_many_inboxes_share_one_connection_and_none_waits_on_it(server: RedisServer, namespace: str) -> None:
    connection = connection_to(server.url)
    inboxes = [RedisInbox(connection, namespace=f"{namespace}:{n}", max_count=10, lease=LONG) for n in range(50)]
    async with asyncio.TaskGroup() as tasks, Redis.from_url(server.url) as admin:
        for inbox in inboxes:
            await inbox.open()
        claims = [tasks.create_task(inbox.claim(1, wait=600)) for inbox in inboxes]
        for inbox in inboxes:
            await inbox.waiting()
        clients = await admin.info("clients")
        assert clients["blocked_clients"] == 0 and clients["connected_clients"] <= AT_ONCE + 1

        for inbox in inboxes:
            await inbox.append([message(1)])
        assert [await claim for claim in claims] == [[message(1)]] * len(inboxes)
        for inbox in inboxes:
            await inbox.close()
