"""A platform as the core has it, while the process that hears it comes and goes."""

import asyncio
import uuid
from contextlib import AbstractAsyncContextManager

from pydantic import SecretStr

from relay.application.processes.adapter import host
from relay.application.processes.remote_platform import remote
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config import InboxSection
from tests.doubles.redis_server import RedisServer
from tests.end_to_end.stage import RecordingPlatform
from tests.support import PATIENCE, alongside, eventually

ACCOUNT = "twitch/bot"


def adapter(bus: Bus, *, hears_for: str) -> AbstractAsyncContextManager[object]:
    async def make_sure() -> None: ...

    platform, watch = RecordingPlatform("twitch"), Watch(PATIENCE, asyncio.Event())
    return alongside(host(platform, ACCOUNT, bus, watch, make_sure, lambda _: hears_for))


async def test_its_channels_are_known_while_nobody_hears_it_until_somebody_hears_others(
    redis_server: RedisServer,
) -> None:
    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url)), uuid.uuid4().hex)
    platform = remote(RecordingPlatform("twitch"), ACCOUNT, bus, "ann", bus.lease("ann"))
    async with bus.running(), alongside(platform.run()):
        async with adapter(bus, hears_for="ann"):
            await eventually(platform.listening.is_set)
        await eventually(lambda: not platform.listening.is_set())
        known = platform.channels()
        async with adapter(bus, hears_for="ben"):
            await eventually(platform.listening.is_set)
            assert platform.channels() == []

    assert known == ["lobby"]
