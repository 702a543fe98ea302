"""The desk of a relay that was started with a settings file."""

import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.desk.opening import desk_of
from relay.application.restarts import LiveRun
from relay.application.settings.file import SettingsFile
from relay.application.statistics import Statistics
from relay.model import Caller, Role
from relay.web.access import AccessLinks
from relay.web.desk.desk import Desk
from tests.support import eventually

STREAMER = Caller(source="web", name="streamer", roles=frozenset({Role.STREAMER}))


@pytest.fixture
async def desk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Desk]:
    path = tmp_path / "relay.toml"
    path.write_text("[web]\nport = 8090\n", "utf-8")
    run = LiveRun(SettingsFile(path).load(), SettingsFile(path))
    audio = LiveAudio(run.config)
    relay = Relay(run.config, lambda *_: [], voxta_url="http://127.0.0.1:9", statistics=Statistics(), audio=audio)
    links = AccessLinks(tmp_path / "relay.links.json")
    with caplog.at_level(logging.INFO):  # which is put back; live settings have a level of their own
        async with desk_of(run.config, relay, audio, links, run) as desk:
            yield desk


async def test_an_open_set_up_asks_for_a_restart_for_what_needs_one_alone(desk: Desk) -> None:
    shown: list[Any] = []
    setup = desk.topics.visible_to(STREAMER)["setup"]
    setup.watch(lambda: shown.append(json.loads(setup.news(None))["state"]["restart"]))

    await desk.actions.do("set", {"values": {"web.port": 8091}}, STREAMER)
    await eventually(lambda: shown[-1:] == [True])

    await desk.actions.do("set", {"values": {"web.port": 8090, "filters.max_length": 9}}, STREAMER)
    await eventually(lambda: shown[-1:] == [False])
