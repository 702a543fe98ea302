"""Posts on their way from the core to the process that posts them, and what came of them."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from relay.application.processes import outbound, posting
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.bus.stream import RedisStream, StreamEntry
from relay.config import InboxSection
from relay.errors import InboxError, RateLimited
from relay.model import Post, Retraction
from relay.platforms import listed
from relay.replies.outlet import TAKEN_BACK
from tests.doubles.redis_server import RedisServer
from tests.support import PATIENCE, eventually

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
        self.tries = 0
        self.fails_with: Exception | None = None

    async def post(self, asked: Any) -> None:
        await self.may_post.wait()
        self.tries += 1
        if self.fails_with is not None:
            raise self.fails_with
        self.posted.append(asked["text"])

    def hear(self, _: str, post: Post, error: str | None) -> None:
        self.told.append((post.text, error))

    def outbox(self) -> outbound.StreamOutbox:
        return outbound.StreamOutbox("twitch", ACCOUNT, COMPANION, self.bus, self.core, self.hear)

    def queues(self) -> posting.ChannelQueues:
        return posting.ChannelQueues(posting.AdapterOutlet(TWITCH, ACCOUNT, self.bus), self.bus, self.posting)


@pytest.fixture
async def stage(redis_server: RedisServer) -> AsyncIterator[Stage]:
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url), timeout=PATIENCE), uuid.uuid4().hex)
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
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(stage.outbox().run()),
            tasks.create_task(stage.queues().run(asyncio.Event())),
        ]
        await eventually(lambda: len(stage.told) >= count)
        for each in running:
            each.cancel()
    return stage.told


async def until_none_are_left(stream: RedisStream) -> None:
    """Whoever acknowledged the last one knows it by then: its answer came before ours."""
    while await stream.length():
        pass
    await stream.length()


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
    assert {error for _, error in given_up} == {"given up: twitch is slow"}
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


async def test_what_a_dead_core_left_is_not_posted_when_what_it_answers_was_taken_back_meanwhile(stage: Stage) -> None:
    answers = {
        "deleted": {"keys": ("twitch:m1",), "authors": ("twitch:ann",)},
        "banned": {"keys": ("twitch:m2",), "authors": ("twitch:bob",)},
        "stays": {"keys": ("twitch:m3",), "authors": ("twitch:ann",)},
    }
    await hand_over(stage.ordered, *(post(text).model_copy(update=answered) for text, answered in answers.items()))
    died = outbound.outbound(stage.bus, ACCOUNT, stage.posting)
    assert len(await died.read(10, 0)) == 3
    outbox = stage.outbox()
    for what in ({"id": "m1"}, {"author_id": "bob"}):
        outbox.retract(Retraction(platform="twitch", reason="deleted", **what))
    outbox.put([post("after").model_copy(update=answers["banned"])])
    running = asyncio.create_task(outbox.run())
    await outbox.drain()
    running.cancel()
    await asyncio.wait({running})

    told = await until_told(stage, 4)
    assert stage.posted == ["stays", "after"]
    assert [text for text, error in told if error == TAKEN_BACK] == ["deleted", "banned"]
    assert await stage.ordered.length() == 0


async def test_what_is_tried_again_is_not_posted_when_what_it_answers_is_taken_back_meanwhile(stage: Stage) -> None:
    stage.fails_with = RateLimited("slow down", retry_after=0.01)
    await stage.ordered.append([ordered(post("deleted").model_copy(update={"keys": ("twitch:m1",)}))])

    async def take_back() -> None:
        await eventually(lambda: stage.tries > 0)
        retraction = Retraction(platform="twitch", reason="deleted", id="m1")
        asked = outbound.TakenBack(companion=COMPANION, retraction=retraction)
        await stage.ordered.append([asked.model_dump_json().encode()])

    taking_back = asyncio.create_task(take_back())
    assert await until_told(stage, 1) == [("deleted", TAKEN_BACK)]
    await taking_back


async def test_what_comes_again_after_a_read_that_failed_is_posted_once_though_it_is_done_meanwhile(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = RedisStream.read
    reads = 0

    async def failing(stream: RedisStream, limit: int, wait: float, done: Sequence[bytes] = ()) -> list[StreamEntry]:
        nonlocal reads
        if stream.key != stage.ordered.key:
            return await read(stream, limit, wait, done)
        reads += 1
        if reads == 2:
            stream._after = "0"  # as one that failed leaves it
        elif reads == 3:
            stage.may_post.set()
            await until_none_are_left(stage.ordered)
            await stage.ordered.append([ordered(post("second"))])
        return await read(stream, limit, wait, done)

    monkeypatch.setattr(RedisStream, "read", failing)
    stage.may_post.clear()
    await stage.ordered.append([ordered(post("first"))])

    assert await until_told(stage, 2) == [("first", None), ("second", None)]


async def test_a_wave_of_bans_is_handed_over_at_once_in_order_and_each_of_them_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    async def append_once(_: RedisStream, items: Mapping[str, bytes]) -> None:
        read = [json.loads(item) for item in items.values()]
        calls.append([each["post"]["text"] if "post" in each else each["retraction"]["id"] for each in read])

    monkeypatch.setattr(RedisStream, "append_once", append_once)
    outbox = stage.outbox()
    for what in ("m1", "m2"):
        outbox.retract(Retraction(platform="twitch", reason="deleted", id=what))
        outbox.put([post(f"after {what}")])
        outbox.retract(Retraction(platform="twitch", reason="deleted", id="m1"))
    running = asyncio.create_task(outbox.run())
    await outbox.drain()
    running.cancel()
    await asyncio.wait({running})

    assert calls == [["after m1", "m2", "after m2", "m1"]]


async def test_what_was_put_later_is_not_given_up_with_what_waited_too_long(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_once = RedisStream.append_once

    async def away_until_the_first_is_too_old(stream: RedisStream, items: Mapping[str, bytes]) -> None:
        if "old" in items:
            raise InboxError("Redis is away")
        await append_once(stream, items)

    monkeypatch.setattr(RedisStream, "append_once", away_until_the_first_is_too_old)
    outbox = stage.outbox()
    monkeypatch.setattr(outbound, "GIVE_UP_AFTER", 0.01)
    outbox.put([post("old")])
    monkeypatch.setattr(outbound, "GIVE_UP_AFTER", 60.0)
    outbox.put([post("new")])
    running = asyncio.create_task(outbox.run())
    await outbox.drain()
    running.cancel()
    await asyncio.wait({running})

    assert [text for text, error in stage.told if error] == ["old"]
    assert await stage.ordered.length() == 1
