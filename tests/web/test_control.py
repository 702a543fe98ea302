import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from relay.errors import ConfigError
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.web import control
from relay.web.control import ControlServer, ctl
from tests.moderation.test_controls import Room
from tests.support import no_metrics


async def _metrics() -> bytes:
    return b"relay_received_total 3.0\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "relay.control"


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
async def server(file: Path, tmp_path: Path, room: Room) -> AsyncIterator[ControlServer]:
    controls = Controls(room, Audit(tmp_path / "audit.jsonl"))
    async with ControlServer(controls, _metrics, file) as running:
        yield running


async def test_the_command_line_steers_the_running_relay(server: ControlServer, file: Path) -> None:
    assert await ctl(file, "pause") == "Paused. What comes in waits as long as it is worth telling."
    assert "no mode" in await ctl(file, "mode loud")
    assert "r1 Ann (twitch): 'well'" in await ctl(file, "held"), "nobody else sees a terminal"


async def test_the_way_in_is_for_the_owner_alone_and_gone_with_the_relay(file: Path, tmp_path: Path) -> None:
    async with ControlServer(Controls(Room(), Audit(tmp_path / "a")), no_metrics, file):
        assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="start it with `relay run`"):
        await ctl(file, "pause")


async def test_the_way_in_stays_when_another_relay_has_put_its_own_there(file: Path, tmp_path: Path) -> None:
    controls = Controls(Room(), Audit(tmp_path / "a"))
    older = await ControlServer(controls, no_metrics, file).__aenter__()
    async with ControlServer(controls, no_metrics, file):
        await older.__aexit__()
        assert await ctl(file, "resume") == "Going on."


async def test_a_way_in_that_cannot_be_written_down_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where a folder should be", "utf-8")

    with pytest.raises(ConfigError, match="the controls cannot be offered in"):
        async with ControlServer(
            Controls(Room(), Audit(tmp_path / "a")), no_metrics, tmp_path / "data" / "relay.control"
        ):
            pass


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"url": "http://127.0.0.1:1", "token": "x"}', "no relay runs here; one that did left .* behind"),
        ('{"url": "nowhere", "token": "x"}', "is no relay"),
        ('{"url": "http://127', "is damaged: remove it"),
        ('{"url": "http://127.0.0.1:1"}', "is damaged: remove it"),
        ("[]", "is damaged: remove it"),
    ],
)
async def test_what_a_relay_that_died_left_behind_is_told(file: Path, text: str, told: str) -> None:
    file.parent.mkdir()
    file.write_text(text, "utf-8")

    with pytest.raises(ConfigError, match=told):
        await ctl(file, "pause")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (web.Response(status=401, text="the token is missing or wrong"), r"refused \(401\): the token is missing"),
        (web.Response(status=302, headers={"Location": "/elsewhere"}), r"refused \(302\)"),
        (web.Response(text="hello"), "is no relay"),
        (web.json_response(["hello"]), "is no relay"),
        (web.json_response({"hello": 1}), "is no relay"),
    ],
)
async def test_something_else_that_took_the_port_is_noticed(file: Path, answer: web.Response, told: str) -> None:
    async def reply(request: web.BaseRequest) -> web.StreamResponse:
        return answer

    other = web.ServerRunner(web.Server(reply))
    await other.setup()
    try:
        await web.TCPSite(other, "127.0.0.1", 0).start()
        file.parent.mkdir()
        file.write_text(json.dumps({"url": f"http://127.0.0.1:{other.addresses[0][1]}", "token": "x"}), "utf-8")
        with pytest.raises(ConfigError, match=told) as raised:
            await ctl(file, "pause")
        assert "Bearer" not in str(raised.value)
    finally:
        await other.cleanup()


async def test_a_relay_that_does_not_answer_is_not_waited_for(
    server: ControlServer, file: Path, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "TIMEOUT", 0.05)
    room.may_store.clear()

    with pytest.raises(ConfigError, match=r"did not answer within 0\.05 s"):
        await ctl(file, "pause")
    room.may_store.set()


async def test_a_file_of_somebody_else_is_no_way_in(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only who runs the relay"):
        await ctl(tmp_path, "pause")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, {"words": "pause"}, 200),
        ({"Authorization": "Bearer wrong"}, {"words": "pause"}, 401),
        ({"Authorization": ""}, {"words": "pause"}, 401),
        ({"Authorization": "Bearer t\u00f6ken"}, {"words": "pause"}, 401),
        ({"Origin": "https://evil.example"}, {"words": "pause"}, 403),
        ({"Host": "evil.example"}, {"words": "pause"}, 403),
        ({}, {"word": "pause"}, 400),
        ({}, {"words": 5}, 400),
        ({}, [], 400),
        ({"Content-Type": "application/json; charset=klingon"}, {"words": "pause"}, 400),
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
        assert await response.text() == "relay_received_total 3.0\n"
        assert response.headers["Content-Type"] == CONTENT_TYPE_PLAIN_0_0_4


async def test_a_body_nested_without_end_is_refused(server: ControlServer, file: Path) -> None:
    access = json.loads(file.read_text("utf-8"))
    headers = {"Authorization": f"Bearer {access['token']}"}

    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{access['url']}/control", data=b"[" * 4000) as response,
    ):
        assert response.status == 400
