"""Posts on their way from the core to the process that posts them, and what came of them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from relay.application.processes import outbound, posting
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.stream import RedisStream
from relay.config import InboxSection
from relay.errors import InboxError
from relay.model import Post
from relay.platforms import listed
from tests.doubles.redis_server import RedisServer
from tests.support import eventually

ACCOUNT = "twitch/bot"
COMPANION = "ann"
TWITCH = next(info for info in listed.PLATFORMS if info.name == "twitch")


def post(text: str, channel: str = "c1") -> Post:
    return Post(channel=channel, text=text, nonce=text)


def ordered(post: Post) -> bytes:
    return outbound.Ordered(companion=COMPANION, post=post).model_dump_json().encode()


class Stage:
    """One process that is core, posting process and adapter."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.posting = bus.lease(outbound.outbound_space(ACCOUNT))
        self.core = Lease(bus.connection, f"relay:{COMPANION}", 60)
        self.ordered = outbound.outbound(bus, ACCOUNT)
        self.reports = outbound.reports(bus, COMPANION, "twitch")
        self.posted: list[str] = []
        self.told: list[tuple[str, str | None]] = []
        self.may_post = asyncio.Event()
        self.may_post.set()

    async def post(self, asked: Any) -> None:
        await self.may_post.wait()
        self.posted.append(asked["text"])

    def hear(self, _: str, post: Post, error: str | None) -> None:
        self.told.append((post.text, error))

    def outbox(self) -> outbound.StreamOutbox:
        return outbound.StreamOutbox("twitch", ACCOUNT, COMPANION, self.bus, self.core, self.hear)

    def queues(self) -> posting.ChannelQueues:
        return posting.ChannelQueues(posting.AdapterOutlet(TWITCH, ACCOUNT, self.bus), self.bus, self.posting)


@pytest.fixture
async def stage(redis_server: RedisServer) -> AsyncIterator[Stage]:
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url)), uuid.uuid4().hex)
    stage = Stage(bus)
    async with bus.running():
        await bus.connection.client.delete(stage.reports.key)
        await stage.posting.acquire()
        await stage.core.acquire()
        with bus.calls.serving(ACCOUNT, {"post": stage.post}):
            bus.presence.offer(ACCOUNT, {"channels": ["c1", "c2"]})
            yield stage
        await stage.core.release()
        await stage.posting.release()


async def until_told(stage: Stage, count: int) -> Sequence[tuple[str, str | None]]:
    """Run the core's end and the posting one until the core was told so much."""
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(stage.outbox().run()),
            tasks.create_task(stage.queues().run(asyncio.Event())),
        ]
        await eventually(lambda: len(stage.told) >= count)
        for each in running:
            each.cancel()
    return stage.told


async def hand_over(stream: RedisStream, *posts: Post, seconds_ago: int = 0) -> None:
    """As a core did it some time ago."""
    client = stream._connection.client
    now, _ = await client.time()
    for number, each in enumerate(posts):
        await client.xadd(stream.key, {"i": ordered(each)}, id=f"{(now - seconds_ago) * 1000}-{number}")


async def test_a_post_that_waited_too_long_for_a_process_is_given_up(stage: Stage) -> None:
    await hand_over(stage.ordered, post("an hour old"), seconds_ago=3600)
    await stage.ordered.append([ordered(post("new"))])

    told = await until_told(stage, 2)
    assert stage.posted == ["new"]
    assert [text for text, error in told if error is not None] == ["an hour old"]


async def test_what_cannot_be_read_holds_up_neither_posts_nor_reports(stage: Stage) -> None:
    for stream in (stage.ordered, stage.reports):
        await stream.append([b"", b"{}", b'{"companion": "ann", "post": {"text": 3}}'])
    await stage.ordered.append([ordered(post("hello"))])

    assert await until_told(stage, 1) == [("hello", None)]


async def test_a_flood_in_one_channel_leaves_room_for_the_others(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "AT_ONCE", 8)
    monkeypatch.setattr(posting, "QUEUE", 2)
    stage.may_post.clear()
    flood = [post(f"flood {number}") for number in range(20)]
    await hand_over(stage.ordered, *flood, post("hello", "c2"))

    given_up = await until_told(stage, 17)
    assert {error is not None for _, error in given_up} == {True}
    assert await stage.ordered.length() == 4  # the first and the last two of the flood, and the other's


async def test_a_post_that_could_not_be_handed_over_in_time_is_given_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise InboxError("Redis is away")

    monkeypatch.setattr(RedisStream, "append_once", away)
    monkeypatch.setattr(outbound, "GIVE_UP_AFTER", 0.01)
    outbox = stage.outbox()
    outbox.put([post("hello")])
    running = asyncio.create_task(outbox.run())
    await outbox.drain()
    running.cancel()
    await asyncio.wait({running})
    assert [text for text, error in stage.told if error] == ["hello"]
