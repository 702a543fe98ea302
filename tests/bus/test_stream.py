import asyncio
from collections.abc import Sequence

import pytest

from relay.bus.stream import RedisStream
from tests.bus.conftest import Process

Two = tuple[Process, Process]


def stream(process: Process, namespace: str) -> RedisStream:
    return RedisStream(process.connection, process.pubsub, f"{{{namespace}}}:ingress")


async def items(of: RedisStream, limit: int = 10) -> Sequence[bytes]:
    return [entry.item for entry in await of.read(limit, 0)]


async def test_what_is_appended_is_read_in_order(processes: Two, namespace: str) -> None:
    writer, reader = (stream(process, namespace) for process in processes)
    await writer.append([b"a", b"b"])
    await writer.append([b"c"])
    assert await items(reader, 2) == [b"a", b"b"]


async def test_who_waits_is_told_at_once(processes: Two, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.bus.stream.LOOK_EVERY", 600.0)
    writer, reader = (stream(process, namespace) for process in processes)
    subscribed = asyncio.Event()
    with processes[1].pubsub.heard_by(reader.key, lambda _: subscribed.set()):
        waiting = asyncio.create_task(reader.read(10, 600.0))
        await subscribed.wait()
    await writer.append([b"a"])
    assert [entry.item for entry in await waiting] == [b"a"]


async def test_what_is_acknowledged_is_gone(processes: Two, namespace: str) -> None:
    one = stream(processes[0], namespace)
    await one.append([b"a", b"b"])
    first, _ = await one.read(2, 0)
    await one.acknowledge([first.id])
    assert await one.length() == 1


async def test_the_next_reader_begins_with_what_was_left_and_knows_that_it_was_read(
    processes: Two, namespace: str
) -> None:
    before, after = (stream(process, namespace) for process in processes)
    await before.append([b"a", b"b", b"c"])
    first, _ = await before.read(2, 0)
    await before.acknowledge([first.id])

    left = await after.read(10, 0)
    assert [(entry.item, entry.was_read) for entry in left] == [(b"b", True)]
    await after.acknowledge([entry.id for entry in left])
    assert [(entry.item, entry.was_read) for entry in await after.read(10, 0)] == [(b"c", False)]
