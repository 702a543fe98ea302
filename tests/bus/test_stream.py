import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from relay.bus.lease import Lease
from relay.bus.stream import RedisStream
from relay.errors import InboxTaken
from tests.bus.conftest import Process
from tests.support import PATIENCE

Two = tuple[Process, Process]


def stream(process: Process, namespace: str, lease: Lease | None = None) -> RedisStream:
    return RedisStream(process.connection, process.pubsub, f"{{{namespace}}}:ingress", lease)


@pytest.fixture
async def lease(processes: Two, namespace: str) -> AsyncIterator[Lease]:
    """The second one's."""
    async with held(processes[1], namespace) as lease:
        yield lease


@asynccontextmanager
async def held(process: Process, namespace: str) -> AsyncIterator[Lease]:
    lease = Lease(process.connection, namespace, 60)
    await lease.acquire()
    try:
        yield lease
    finally:
        await lease.release()


async def items(of: RedisStream, limit: int = 10) -> Sequence[bytes]:
    return [entry.item for entry in await of.read(limit, 0)]


async def test_what_is_appended_is_read_in_order(processes: Two, namespace: str, lease: Lease) -> None:
    writer, reader = stream(processes[0], namespace), stream(processes[1], namespace, lease)
    await writer.append([b"a", b"b"])
    await writer.append([b"c"])
    assert await items(reader, 2) == [b"a", b"b"]


async def test_of_too_many_the_oldest_go_and_the_next_reader_gets_what_is_there(
    processes: Two, namespace: str, lease: Lease
) -> None:
    key = f"{{{namespace}}}:posts"
    writer = RedisStream(processes[0].connection, processes[0].pubsub, key, most=100)
    reader = RedisStream(processes[1].connection, processes[1].pubsub, key, lease)
    await writer.append([b"%d" % number for number in range(3)])
    assert await items(reader) == [b"0", b"1", b"2"]  # and is gone before it has done them

    await writer.append([b"%d" % number for number in range(3, 1_000)])

    assert 100 <= await writer.length() <= 300
    after = RedisStream(processes[1].connection, processes[1].pubsub, key, lease)
    assert (await items(after, 1_000))[-1] == b"999"


async def test_who_waits_is_told_at_once(
    processes: Two, namespace: str, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.stream.LOOK_EVERY", 600.0)
    writer, reader = stream(processes[0], namespace), stream(processes[1], namespace, lease)
    subscribed = asyncio.Event()
    with reader.followed(), processes[1].pubsub.heard_by(reader.key, lambda _: subscribed.set()):
        await subscribed.wait()
        await reader.read(10, 0)
        waiting = asyncio.create_task(reader.read(10, 600.0))
        await writer.append([b"a"])
        assert [entry.item for entry in await waiting] == [b"a"]


async def test_what_is_done_goes_with_the_next_read_or_soon_without_one(
    processes: Two, namespace: str, lease: Lease
) -> None:
    one = stream(processes[1], namespace, lease)
    await one.append([b"a", b"b"])
    [first] = await one.read(1, 0)
    [second] = await one.read(1, 0, [first.id])
    assert await one.length() == 1

    waiting = asyncio.create_task(one.read(1, 600.0, [second.id]))
    async with asyncio.timeout(PATIENCE):
        while await one.length():  # noqa: ASYNC110 - Redis tells nobody what is gone
            await asyncio.sleep(0.01)
    waiting.cancel()


async def test_what_has_a_name_is_appended_once_also_when_it_was_done_meanwhile(
    processes: Two, namespace: str, lease: Lease
) -> None:
    writer, reader = stream(processes[0], namespace), stream(processes[1], namespace, lease)
    await writer.append_once({"one": b"a", "two": b"b"})
    read = await reader.read(10, 0)
    await reader.acknowledge([entry.id for entry in read])
    await writer.append_once({"two": b"b", "three": b"c"})
    assert [entry.item for entry in read] == [b"a", b"b"]
    assert await items(reader) == [b"c"]


async def test_what_is_acknowledged_is_gone(processes: Two, namespace: str, lease: Lease) -> None:
    one = stream(processes[1], namespace, lease)
    await one.append([b"a", b"b"])
    first, _ = await one.read(2, 0)
    await one.acknowledge([first.id])
    assert await one.length() == 1


async def test_the_next_reader_begins_with_what_was_left_and_knows_that_it_was_read(
    processes: Two, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.stream.LOOK_EVERY", 600.0)
    async with held(processes[0], namespace) as lease:
        before = stream(processes[0], namespace, lease)
        await before.append([b"a", b"b", b"c"])
        first, _ = await before.read(2, 0)
        await before.acknowledge([first.id])

    async with held(processes[1], namespace) as lease:
        after = stream(processes[1], namespace, lease)
        subscribed = asyncio.Event()
        with after.followed(), processes[1].pubsub.heard_by(after.key, lambda _: subscribed.set()):
            await subscribed.wait()
            left = await after.read(10, 0)
            assert [(entry.item, entry.was_read) for entry in left] == [(b"b", True)]
            await after.acknowledge([entry.id for entry in left])
            async with asyncio.timeout(PATIENCE):  # what nobody had read is not waited for behind what was left
                new = await after.read(10, 600.0)
        assert [(entry.item, entry.was_read) for entry in new] == [(b"c", False)]


async def test_who_slept_while_another_took_over_reads_nothing(processes: Two, namespace: str) -> None:
    asleep = Lease(processes[0].connection, namespace, 0.05)
    await asleep.acquire()
    before = stream(processes[0], namespace, asleep)
    await before.append([b"a"])
    assert asleep._kept is not None
    await processes[0].connection.renewals.drop(asleep._kept)
    client, lease_key = processes[0].connection.client, f"{{{namespace}}}:lease"
    await client.delete(lease_key)  # it ends
    assert await items(before) == [b"a"]  # as nobody has taken over yet
    assert not await client.exists(lease_key)
    async with held(processes[1], namespace) as lease:
        with pytest.raises(InboxTaken):
            await before.read(10, 0)
        assert await items(stream(processes[1], namespace, lease)) == [b"a"]


async def test_what_was_left_comes_once_however_much_of_it_is_under_way(
    processes: Two, namespace: str, lease: Lease
) -> None:
    before = stream(processes[1], namespace, lease)
    await before.append([b"a", b"b", b"c"])
    await before.read(3, 0)
    await before.append([b"d"])

    after = stream(processes[1], namespace, lease)
    assert [await items(after, 2) for _ in range(4)] == [[b"a", b"b"], [b"c"], [b"d"], []]


async def test_who_knows_that_there_is_nothing_does_not_ask(processes: Two, namespace: str, lease: Lease) -> None:
    one = stream(processes[1], namespace, lease)
    subscribed = asyncio.Event()
    with one.followed(), processes[1].pubsub.heard_by(one.key, lambda _: subscribed.set()):
        await subscribed.wait()
        assert await items(one) == []
        await processes[1].connection.client.xadd(one.key, {"i": b"untold"})
        assert await items(one) == []
    assert await items(one) == [b"untold"]


async def test_an_entry_tells_how_long_it_waited(processes: Two, namespace: str, lease: Lease) -> None:
    one = stream(processes[1], namespace, lease)
    client = processes[0].connection.client
    seconds, _ = await client.time()
    await client.xadd(one.key, {"i": b"a"}, id=f"{(seconds - 3600) * 1000}-0")

    [entry] = await one.read(1, 0)
    assert entry.age == pytest.approx(3600, abs=60)


async def test_what_cannot_be_read_waits_elsewhere(processes: Two, namespace: str, lease: Lease) -> None:
    one = stream(processes[1], namespace, lease)
    await one.append([b"?", b"b"])
    [strange] = await one.read(1, 0)
    await one.set_aside(strange, ValueError())

    assert await items(stream(processes[1], namespace, lease)) == [b"b"]
    [(_, fields)] = await processes[0].connection.client.xrange(f"{one.key}:unreadable")
    assert fields == {b"i": b"?"}
