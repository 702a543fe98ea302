"""A process that hears a platform, while another may have taken over."""

import asyncio
import uuid
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from relay.application.processes.adapter import handlers, host, run_adapter, while_ours
from relay.application.processes.kinds import platform_service
from relay.application.processes.posting import AdapterOutlet
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.config.loading import Config
from relay.errors import InboxError, InboxTaken
from relay.model import Author, Incoming, Post, Role
from relay.platforms import listed
from relay.platforms.base import Platform, Stream
from relay.replies.posting import written
from tests.contracts.samples import message
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.stage import RecordingPlatform
from tests.support import PATIENCE, alongside

ACCOUNT = "twitch/bot"
TWITCH = next(info for info in listed.PLATFORMS if info.name == "twitch")


async def test_who_slept_while_another_took_over_brings_what_it_heard_but_for_what_may_be_a_post_of_the_other() -> None:
    brought: list[Incoming] = []
    is_ours = True

    async def receive(*incoming: Incoming) -> None:
        assert incoming
        brought.extend(incoming)

    async def make_sure() -> None:
        if not is_ours:
            raise InboxTaken("by another process")

    streamer = Author(id="1", name="Ann", roles=frozenset({Role.STREAMER}))
    viewers, streamers = message(1), message(2).model_copy(update={"author": streamer})
    ours = while_ours(receive, make_sure)
    await ours(viewers, streamers)
    is_ours = False
    await ours(viewers, streamers)
    await ours(streamers)

    assert brought == [viewers, streamers, viewers]


async def test_a_stream_is_told_in_the_fields_that_cores_of_the_version_before_can_read() -> None:
    class Live(RecordingPlatform):
        async def stream(self) -> Stream:
            return Stream(True, "Cooking", "Just Chatting", 42, channel="7")

    ask = handlers(Live("twitch"), lambda _: None)["stream"]

    before = {"is_live": True, "title": "Cooking", "game": "Just Chatting", "viewers": 42}
    assert await ask({"companion": "ann"}) == before
    assert await ask({"companion": "ann", "fields": ["is_live", "channel"]}) == {"is_live": True, "channel": "7"}


async def test_a_post_is_tried_again_where_redis_could_not_tell_whose_the_platform_is(
    redis_server: RedisServer,
) -> None:
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url)), uuid.uuid4().hex)
    platform, post = RecordingPlatform("twitch"), Post(channel="home", text="hello", nonce="n")
    failures = [InboxError("did not answer")]

    async def make_sure() -> None:
        if failures:
            raise failures.pop()

    hosted = host(platform, ACCOUNT, bus, Watch(PATIENCE, asyncio.Event()), make_sure, lambda _: "ann")
    async with bus.running(), alongside(hosted):
        assert await written(AdapterOutlet(TWITCH, ACCOUNT, bus), post, None, lambda _: False) == (post, None)

    assert not failures
    assert platform.posts == [post]


async def test_who_stands_by_has_loaded_what_hearing_takes(redis_server: RedisServer) -> None:
    name, is_built = f"ann-{uuid.uuid4().hex}", asyncio.Event()
    config = Config.model_validate({"relay": {"name": name}, "inbox": {"engine": "redis", "url": redis_server.url}})

    def build(*_: Any) -> Platform:
        is_built.set()
        return RecordingPlatform("twitch")

    async with Bus(config.inbox, name).running() as bus:
        other = bus.lease(f"adapter/{platform_service(TWITCH, config)}/all")
        await other.acquire()
        watch = Watch(PATIENCE, asyncio.Event())
        async with alongside(run_adapter(replace(TWITCH, build=build), config, bus, watch)):
            await asyncio.wait_for(is_built.wait(), PATIENCE)
        await other.release()
