"""A platform that nobody else knows of: its folder and its line in the list are all it takes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from rich.console import Console

from relay.application.check import Finding, check
from relay.application.explaining import explain
from relay.application.runs import live
from relay.application.settings import load
from relay.application.settings.file import SettingsFile
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.platforms import listed
from relay.web.control import ctl
from tests.end_to_end.stage import EchoBrain
from tests.platforms.irc.info import IRC
from tests.platforms.irc.server import IrcServer
from tests.support import eventually


@pytest.fixture(autouse=True)
def line_in_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "PLATFORMS", (*listed.PLATFORMS, IRC))


@pytest.fixture
async def server() -> AsyncIterator[IrcServer]:
    async with IrcServer() as server:
        yield server


def settings(folder: Path, port: int, voxta_url: str = "http://127.0.0.1:1") -> SettingsFile:
    file = folder / "relay.toml"
    file.write_text(
        f"[relay]\ndata_dir = {str(folder)!r}\n"
        f"[voxta]\nmode = 'server'\nurl = '{voxta_url}'\ntimeout = 20\n"
        "[web]\nenabled = false\n"
        f"[irc]\nenabled = true\nhost = '127.0.0.1'\nport = {port}\nchannels = ['#room']\n",
        "utf-8",
    )
    return SettingsFile(file)


async def found(config: Config) -> Finding:
    [finding] = [finding async for finding in check(config) if finding.name == "irc"]
    return finding


async def test_its_audience_is_answered_and_why_knows_the_message(tmp_path: Path, server: IrcServer) -> None:
    async with CompanionServer(CompanionSection(port=0, pace=0), brain=EchoBrain()) as companion:
        file = settings(tmp_path, server.port, companion.url)
        config = file.load()
        run = asyncio.create_task(live(file, Console(stderr=True), mends=False))
        await eventually(lambda: server.is_in("#room") or run.done())
        id = server.say("Ann", "#room", "hello vox")
        await eventually(lambda: bool(server.posts) or run.done())
        while_it_runs = await ctl(config.control_file, f"why {id}")
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run

    assert server.posts == [("#room", 'You said: Ann (IRC): "hello vox"')]
    assert while_it_runs.startswith(f"irc:{id}: forwarded")
    assert (await explain(config, id)).startswith(f"irc:{id}: forwarded")


async def test_it_listens_again_after_its_connection_was_lost(tmp_path: Path, server: IrcServer) -> None:
    async with CompanionServer(CompanionSection(port=0, pace=0), brain=EchoBrain()) as companion:
        run = asyncio.create_task(
            live(settings(tmp_path, server.port, companion.url), Console(stderr=True), mends=False)
        )
        await eventually(lambda: server.is_in("#room") or run.done())
        server.drop()
        await eventually(lambda: server.is_in("#room") or run.done())
        server.say("Ann", "#room", "still there, vox?")
        await eventually(lambda: bool(server.posts) or run.done())
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run

    assert server.posts == [("#room", 'You said: Ann (IRC): "still there, vox?"')]


async def test_check_tries_it(tmp_path: Path, server: IrcServer) -> None:
    assert await found(settings(tmp_path, server.port).load()) == Finding("irc", True, "logged in as vox")


async def test_check_says_what_to_do_when_it_cannot_be_reached(tmp_path: Path) -> None:
    finding = await found(settings(tmp_path, 1).load())

    assert not finding.ok
    assert "127.0.0.1:1 cannot be reached" in finding.line
    assert finding.line.endswith("; check irc.host and irc.port")


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ("enabled = true", "irc: channels is empty: name the channels"),
        ("chanels = []", "irc.chanels: there is no such setting"),
    ],
)
def test_a_mistake_in_its_section_gives_one_clear_line(tmp_path: Path, section: str, complaint: str) -> None:
    file = tmp_path / "relay.toml"
    file.write_text(f"[irc]\n{section}\n", "utf-8")

    with pytest.raises(ConfigError, match=r"relay\.toml: ") as caught:
        load(file)

    assert complaint in str(caught.value)


def test_the_environment_wins_over_its_section(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_IRC__NICK", "pixel")

    assert IRC.settings(settings(tmp_path, 6667).load()).nick == "pixel"
