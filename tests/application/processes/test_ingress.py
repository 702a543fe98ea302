"""What adapters bring, and what the core makes of it."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from relay.application.processes import ingress
from relay.application.processes.ingress import TOGETHER, Ingress, encoded
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.stream import RedisStream
from relay.config import InboxSection
from relay.model import AudienceMessage, Author, Incoming, Kind, Role
from tests.doubles.redis_server import RedisServer
from tests.support import PATIENCE


def message(text: str) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=text,
        channel="c1",
        author=Author(id="ann", name="Ann", roles=frozenset({Role.VIEWER})),
        kind=Kind.CHAT,
        text=text,
        at=0.0,
    )


@pytest.fixture
async def stream(redis_server: RedisServer) -> AsyncIterator[RedisStream]:
    """Of a companion that this process leads."""
    name = f"ann-{uuid.uuid4().hex}"
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url), timeout=PATIENCE), name)
    async with bus.running():
        lease = Lease(bus.connection, f"relay:{name}", 60)
        await lease.acquire()
        yield bus.companion_stream(name, "ingress", lease)
        await lease.release()


async def taken_in(stream: RedisStream, *entries: bytes, failing: str = "") -> list[str]:
    """The texts that the core receives up to "end"; it makes a mistake at the text `failing`."""
    texts: list[str] = []
    ended = asyncio.Event()

    async def receive(*incoming: Incoming) -> None:
        for each in incoming:
            assert isinstance(each, AudienceMessage)
            text = each.text
            if text == failing:
                raise KeyError(text)
            texts.append(text)
            if text == "end":
                ended.set()

    await stream.append([*entries, encoded([message("end")])])
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Ingress(stream).run(receive))
        await ended.wait()
        running.cancel()
    return texts


@pytest.mark.parametrize("strange", [b"", b"{}", b'[["poem", {}]]', b'[["message", {"lines": 3}]]', b"\xff\x00"])
async def test_what_cannot_be_read_holds_up_nothing(stream: RedisStream, strange: bytes) -> None:
    assert await taken_in(stream, strange, encoded([message("b")])) == ["b", "end"]


async def test_what_the_core_makes_a_mistake_at_holds_up_nothing(stream: RedisStream) -> None:
    assert await taken_in(stream, encoded([message("a")]), encoded([message("b")]), failing="a") == ["b", "end"]


async def test_much_that_comes_at_once_is_handed_over_in_parts_and_others_have_their_turn_between_them(
    stream: RedisStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int | str] = []
    ended = asyncio.Event()

    async def others() -> None:
        done.append("others")

    async def receive(*incoming: Incoming) -> None:
        done.append(len(incoming))
        if any(isinstance(each, AudienceMessage) and each.text == "end" for each in incoming):
            ended.set()

    monkeypatch.setattr(ingress, "give_way", others)
    crowd = [message(str(number)) for number in range(2 * TOGETHER + 1)]
    await stream.append([encoded(crowd), *(encoded([each]) for each in crowd), encoded([message("end")])])
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Ingress(stream).run(receive))
        await ended.wait()
        running.cancel()

    parts = [each for each in done if isinstance(each, int)]
    assert sum(parts) == 2 * len(crowd) + 1 and max(parts) == TOGETHER
    assert all(done[at + 1] == "others" for at, each in enumerate(done) if each == TOGETHER)
