import asyncio
import uuid
from typing import Any

import pytest
from pydantic import SecretStr

from relay.application.processes.kinds import voice_service
from relay.application.processes.remote_voice import RemoteVoiceChannels
from relay.bus.bus import Bus
from relay.bus.lease import Lease
from relay.config import InboxSection
from relay.errors import InboxTaken
from tests.doubles.redis_server import RedisServer


async def test_a_core_that_slept_while_another_took_over_takes_no_voice_channel_from_it(
    redis_server: RedisServer,
) -> None:
    name = uuid.uuid4().hex

    async def join(_: Any) -> None:
        running.cancel()

    bus = Bus(InboxSection(engine="redis", url=SecretStr(redis_server.url)), name)
    async with bus.running():
        lease = Lease(bus.connection, f"relay:{name}", 60.0)
        await lease.acquire()
        with redis_server.admin as admin:
            admin.set(lease.owner_key, "another")
        bus.presence.offer(voice_service(name), 0)
        with bus.calls.serving(voice_service(name), {"join": join}):
            running = asyncio.create_task(RemoteVoiceChannels("discord", bus, name, lease, None).run())
            await asyncio.wait({running})
        await lease.release()

    assert not running.cancelled(), "it joined"
    with pytest.raises(ExceptionGroup, check=lambda group: group.split(InboxTaken)[1] is None):
        running.result()
