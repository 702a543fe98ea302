"""What `relay check` finds before `relay run` would."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from relay.application.check import Finding, check
from relay.application.settings import load
from relay.inbox.sqlite import SqliteInbox
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.web.control import ControlServer
from tests.doubles.ports import free_port
from tests.moderation.test_controls import Room
from tests.support import PATIENCE, no_metrics

pytestmark = pytest.mark.usefixtures("no_backoff")


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast the machine is decides no verdict."""
    monkeypatch.setattr("relay.application.check.LIMIT", 10 * PATIENCE)


async def findings(folder: Path, **sections: Any) -> dict[str, Finding]:
    relay = {"name": "checked", "data_dir": str(folder)}
    config = load(None, **{"relay": relay, "web": {"port": 0}, "companion": {"port": 0}} | sections)
    return {finding.name: finding async for finding in check(config)}


@asynccontextmanager
async def models(names: Sequence[str] | None) -> AsyncIterator[str]:
    """An endpoint with these models; one that has no list of them when None."""

    async def answer(_: web.Request) -> web.Response:
        if names is None:
            raise web.HTTPNotFound
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})

    app = web.Application()
    app.router.add_get("/v1/models", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


async def test_a_run_without_a_platform_would_end_at_once(tmp_path: Path) -> None:
    found = (await findings(tmp_path))["platforms"]

    assert not found.ok
    assert "enabled to true, or try `relay demo`" in found.line


@pytest.mark.parametrize("section", ["web", "companion"])
async def test_a_port_that_another_program_has_is_found(tmp_path: Path, section: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = (await findings(tmp_path, **{section: {"port": port}}))[f"{section}.port"]

    assert not found.ok
    assert f"127.0.0.1:{port} cannot be had" in found.line
    assert f"set {section}.port to a free port" in found.line


async def test_the_ports_of_a_relay_that_runs_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "checked.alive").write_text("ok", "utf-8")

    found = await findings(tmp_path)

    assert not {"web.port", "companion.port"} & found.keys()


async def test_speech_without_a_voice_is_found(tmp_path: Path) -> None:
    silent = await findings(tmp_path, speech={"enabled": True})
    heard = await findings(tmp_path, speech={"enabled": True}, companion={"port": 0, "speech": "espeak"})

    assert not silent["speech"].ok
    assert "set companion.speech" in silent["speech"].line
    assert heard["speech"].ok


async def test_missing_folders_are_found(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "horn.wav").touch()

    missing = await findings(tmp_path, scenario={"sounds": gone}, companion={"port": 0, "scenario": gone})
    there = await findings(tmp_path, scenario={"sounds": tmp_path / "sounds"})

    assert not missing["sounds"].ok and "correct scenario.sounds" in missing["sounds"].line
    assert not missing["companion"].ok and str(gone) in missing["companion"].line
    assert there["sounds"].line.startswith("1 files")


async def test_the_sounds_of_rewards_and_commands_are_found(tmp_path: Path) -> None:
    (tmp_path / "horn.wav").touch()
    honk = {"reward": "Honk", "act": {"name": "sound", "arguments": {"file": "honk.mp3"}}}
    horn = {"reward": "Horn", "act": {"name": "sound", "arguments": {"file": "horn.wav"}}}
    any_of_them = {"name": "play", "act": {"name": "sound", "arguments": {"file": "{text}"}}}

    nowhere = await findings(tmp_path, rewards=[honk, horn])
    missing = await findings(tmp_path, rewards=[honk, horn], scenario={"sounds": tmp_path})
    there = await findings(tmp_path, rewards=[horn], commands={"own": [any_of_them]}, scenario={"sounds": tmp_path})

    assert not nowhere["sounds"].ok
    assert nowhere["sounds"].line.startswith("no folder is set for honk.mp3, horn.wav: set scenario.sounds")
    assert not missing["sounds"].ok and "has no honk.mp3: put it there" in missing["sounds"].line
    assert there["sounds"].ok


async def test_sounds_at_home_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "sounds").mkdir()

    found = await findings(tmp_path, scenario={"sounds": "~/sounds"})

    assert found["sounds"].ok


@pytest.mark.parametrize(
    ("has", "is_well", "words"),
    [
        (["llama3.2:latest", "other"], True, "127.0.0.1 answers"),
        (None, True, "127.0.0.1 answers"),
        (["other"], False, "127.0.0.1 has no 'llama3.2' (check companion.model); it has other"),
    ],
)
async def test_the_model_of_the_companion_is_asked_for(
    tmp_path: Path, has: Sequence[str] | None, is_well: bool, words: str
) -> None:
    async with models(has) as url:
        found = (await findings(tmp_path, companion={"port": 0, "brain": "openai", "base_url": url}))["brain"]

    assert (found.ok, found.line) == (is_well, words)


@pytest.mark.parametrize(
    ("listed", "asked", "is_well"),
    [
        ("openai/gpt-5.2", "openai/gpt-5.2:nitro", True),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", True),
        ("gemini-2.5-flash", "models/gemini-2.5-flash", True),
        ("llama3.2:3b", "llama3.2:1b", False),
        ("models/gemini-2.5-flash", "flash", False),
    ],
)
async def test_a_model_may_be_asked_for_by_another_name_than_the_listed_one(
    tmp_path: Path, listed: str, asked: str, is_well: bool
) -> None:
    async with models([listed]) as url:
        companion = {"port": 0, "brain": "openai", "base_url": url, "model": asked}
        found = (await findings(tmp_path, companion=companion))["brain"]

    assert found.ok == is_well


@pytest.mark.parametrize(
    ("part", "settings", "fix"),
    [
        ("brain", {"brain": "openai", "base_url": "http://127.0.0.1:1/v1"}, "companion.base_url"),
        ("voice", {"speech": "openai", "speech_url": "http://127.0.0.1:1/v1"}, "companion.speech_url"),
        ("ears", {"hearing": "openai", "hearing_url": "http://127.0.0.1:1/v1"}, "companion.hearing_url"),
    ],
)
async def test_a_dead_endpoint_is_found(tmp_path: Path, part: str, settings: dict[str, str], fix: str) -> None:
    found = (await findings(tmp_path, companion={"port": 0, **settings}))[part]

    assert not found.ok
    assert f"cannot be reached (check {fix})" in found.line


@pytest.mark.parametrize(("part", "setting"), [("voice", "speech"), ("ears", "hearing")])
async def test_a_model_that_was_not_fetched_keeps_nothing_else_from_being_tried(
    tmp_path: Path, part: str, setting: str
) -> None:
    found = await findings(tmp_path, companion={"port": 0, setting: "local"})

    assert not found[part].ok
    assert f"companion.{setting}" in found[part].line
    assert {"companion", "platforms", "heard"} <= found.keys()


async def test_a_relay_that_runs_is_asked_why_it_is_silent(tmp_path: Path) -> None:
    class Silent(Room):
        async def status(self) -> str:
            return "Voxta: fine\nSilent: no page of the overlay is open: add it"

    (tmp_path / "checked.alive").write_text("ok", "utf-8")
    controls = Controls(Silent(), Audit(tmp_path / "audit"))
    async with ControlServer(controls, no_metrics, tmp_path / "checked.control"):
        found = (await findings(tmp_path))["heard"]

    assert not found.ok
    assert found.line.endswith("is silent: no page of the overlay is open: add it")


async def test_what_only_a_run_can_know_is_told_as_what_to_do(tmp_path: Path) -> None:
    found = (await findings(tmp_path, speech={"enabled": True}, companion={"speech": "espeak", "port": 0}))["heard"]

    assert found.ok
    assert "/overlay as a browser source in OBS" in found.line


async def test_the_store_of_a_relay_that_runs_is_no_mistake(tmp_path: Path) -> None:
    inbox = SqliteInbox(tmp_path / "checked.db", max_count=1_000, timeout=5)
    await inbox.open()
    try:
        stopped = (await findings(tmp_path))["inbox"]
        (tmp_path / "checked.alive").write_text("ok", "utf-8")
        running = (await findings(tmp_path))["inbox"]
    finally:
        await inbox.close()

    assert not stopped.ok and "in use by another relay" in stopped.line
    assert running.ok


async def test_a_variable_that_sets_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_COMPANION__SEED", "3")
    assert "environment" not in await findings(tmp_path)

    monkeypatch.setenv("RELAY_TWTCH__CHANNELS", "ann")
    found = (await findings(tmp_path))["environment"]

    assert not found.ok
    assert found.line.startswith("RELAY_TWTCH__CHANNELS sets nothing")


async def test_a_vtube_studio_that_does_not_run_is_told_with_what_to_do(tmp_path: Path) -> None:
    address = f"ws://127.0.0.1:{free_port()}"

    found = (await findings(tmp_path, vtube_studio={"enabled": True, "url": address}))["vtube_studio"]

    assert not found.ok
    assert found.line == (
        f"VTube Studio cannot be reached at {address}; start VTube Studio, switch on Allow Plugin API access in it, "
        "or correct vtube_studio.url"
    )


async def test_a_folder_of_pictures_without_the_one_that_stands_in_for_all_is_told(tmp_path: Path) -> None:
    found = (await findings(tmp_path, avatar={"folder": str(tmp_path / "faces")}))["avatar"]

    assert not found.ok
    assert found.line == f"{tmp_path / 'faces'} has no picture silent.png: put one there, or correct avatar.folder"


@pytest.mark.parametrize("whispers", [True, False])
async def test_a_memory_that_viewers_could_not_ask_for_is_told_with_what_to_do(tmp_path: Path, whispers: bool) -> None:
    twitch = {"enabled": True, "channels": ["ann"], "client_id": "none", "whispers": whispers}
    remembers = {"memory": {"enabled": True}, "twitch": twitch}

    found = (await findings(tmp_path, **remembers))["memory"]

    fix = "; mind: viewers on Twitch cannot read what is remembered of them: set twitch.whispers = true"
    assert (found.ok, found.line) == (True, "people are remembered for 180 days" + ("" if whispers else fix))


async def test_where_nothing_is_remembered_there_is_nothing_to_find(tmp_path: Path) -> None:
    assert "memory" not in await findings(tmp_path)
