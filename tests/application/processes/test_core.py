"""The process that leads, and what it has done before it does."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest

from relay.application.composition import Relay
from relay.application.processes import adapter, core
from relay.application.processes.kinds import core_service
from relay.application.processes.remote_platform import remote
from relay.application.settings.model import settings_model
from relay.application.statistics import Statistics
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.platforms import listed
from relay.platforms.base import Platform
from relay.platforms.info import PlatformInfo
from tests.doubles.redis_server import RedisServer
from tests.support import eventually


async def test_who_stands_by_has_built_its_relay_before_it_leads(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = f"ann-{uuid.uuid4().hex}"
    config = Config.model_validate(
        {
            "relay": {"name": name, "data_dir": tmp_path},
            "inbox": {"engine": "redis", "url": redis_server.url},
            "voxta": {"mode": "server", "url": "http://127.0.0.1:9"},
            "web": {"enabled": False},
        }
    )
    led: list[bool] = []

    class Noted(Relay):
        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            led.append(given["inbox"].lease.is_sure)

    monkeypatch.setattr(core, "Relay", Noted)
    async with Bus(config.inbox, name).running() as bus:
        other = core.inbox_of(config, bus).lease
        await other.acquire()
        running = asyncio.create_task(core.run_core(config, Statistics(), bus, Watch(1.0, asyncio.Event())))
        await eventually(lambda: bool(led))
        await other.release()
        await eventually(lambda: any(bus.presence.of(core_service(name))))
        running.cancel()
        await asyncio.wait({running})
    assert led == [False]


def test_a_platform_that_many_companions_have_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    build = adapter.shape

    def noted(info: PlatformInfo[Any], *given: Any) -> Platform:
        built.append(info.name)
        return build(info, *given)

    monkeypatch.setattr(core, "shape", noted)
    twitch = {"enabled": True, "client_id": "abc", "channels": ["ann"]}
    discord = {"enabled": True, "channels": [1], "token": "abc"}
    model = settings_model(listed.PLATFORMS)
    configs = [model.model_validate(each) for each in ({"twitch": twitch}, {"twitch": twitch}, {"discord": discord})]

    core.load_platforms(configs, Bus(configs[0].inbox, "fleet"))

    assert built == ["twitch", "discord"]


def test_a_companion_whose_platforms_cannot_be_had_keeps_no_other_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> Platform:
        raise ValueError("not to be had")

    monkeypatch.setattr(core, "shape", broken)
    discord = {"enabled": True, "channels": [1], "token": "abc"}
    config = settings_model(listed.PLATFORMS).model_validate({"discord": discord})

    core.load_platforms([config], Bus(config.inbox, "fleet"))


def test_companions_share_what_is_known_of_a_platform_elsewhere() -> None:
    section = {"enabled": True, "client_id": "abc", "channels": ["ann"]}
    config = settings_model(listed.PLATFORMS).model_validate({"twitch": section})
    bus = Bus(config.inbox, "fleet")

    [info] = listed.enabled(config)
    lease = core.inbox_of(config, bus).lease
    ann, ben = (remote(adapter.shape(info, config, bus), "twitch", bus, name, lease) for name in ("ann", "ben"))

    assert type(ann) is type(ben)
