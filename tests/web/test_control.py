import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from relay.errors import ConfigError
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.web.control import ControlServer, ctl
from tests.moderation.test_controls import Room


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "relay.control"


@pytest.fixture
async def server(file: Path, tmp_path: Path) -> AsyncIterator[ControlServer]:
    controls = Controls(Room(), Audit(tmp_path / "audit.jsonl"))
    async with ControlServer(controls, lambda: "relay_received_total 3\n", file) as running:
        yield running


async def test_the_command_line_steers_the_running_relay(server: ControlServer, file: Path) -> None:
    assert await ctl(file, "pause") == "Paused. Events and chat wait."
    assert "no mode" in await ctl(file, "mode loud")


async def test_the_way_in_is_for_the_owner_alone_and_gone_with_the_relay(file: Path, tmp_path: Path) -> None:
    async with ControlServer(Controls(Room(), Audit(tmp_path / "a")), str, file):
        assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="start it with `relay run`"):
        await ctl(file, "pause")


async def test_a_relay_that_died_is_noticed(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('{"url": "http://127.0.0.1:1", "token": "x"}', "utf-8")

    with pytest.raises(ConfigError, match="is it still running"):
        await ctl(file, "pause")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, {"words": "pause"}, 200),
        ({"Authorization": "Bearer wrong"}, {"words": "pause"}, 401),
        ({"Authorization": ""}, {"words": "pause"}, 401),
        ({"Origin": "https://evil.example"}, {"words": "pause"}, 403),
        ({"Host": "evil.example"}, {"words": "pause"}, 403),
        ({}, {"word": "pause"}, 400),
        ({}, {"words": 5}, 400),
        ({}, [], 400),
        ({}, {"words": "x" * 5000}, 413),
    ],
)
async def test_only_the_token_from_this_machine_opens_it(
    server: ControlServer, file: Path, headers: dict[str, str], body: object, status: int
) -> None:
    access = json.loads(file.read_text("utf-8"))
    sent = {"Authorization": f"Bearer {access['token']}"} | headers

    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{access['url']}/control", json=body, headers=sent) as response,
    ):
        assert response.status == status


async def test_metrics_are_served(server: ControlServer, file: Path) -> None:
    access = json.loads(file.read_text("utf-8"))
    headers = {"Authorization": f"Bearer {access['token']}"}

    async with aiohttp.ClientSession() as http, http.get(f"{access['url']}/metrics", headers=headers) as response:
        assert await response.text() == "relay_received_total 3\n"
