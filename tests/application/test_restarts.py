"""One process, several runs: anew when that is asked for, and back to what worked when it does not work."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from rich.console import Console

from relay.application import restarts
from relay.application.restarts import TRIAL, LiveRun, keep_running
from relay.application.runs import live
from relay.application.settings.file import SettingsFile
from relay.errors import AuthError, ConfigError, InboxError, MemoryUnavailable
from relay.moderation.controls import Controls
from tests.doubles.ports import free_port
from tests.support import eventually, open_files
from tests.web.desk.page import RawPage, opened

TIMES = int(os.environ.get("RESTARTS", "4"))
"""More of them show what grows slowly; 200 have been tried."""


class Stage:
    """Runs that do nothing until they are told to fail."""

    def __init__(self) -> None:
        self.runs: list[LiveRun] = []
        self.now = 0.0
        self.opens = True
        """Whether what the runs need is there, so that they come up."""
        self._fail: asyncio.Future[None] | None = None

    async def once(self, run: LiveRun) -> None:
        self.runs.append(run)
        if self.opens:
            run.is_up.set()
        self._fail = asyncio.get_running_loop().create_future()
        await self._fail

    def fail(self, error: Exception) -> None:
        assert self._fail is not None
        self._fail.set_exception(error)

    @property
    def names(self) -> list[str]:
        return [run.config.companion.name for run in self.runs]


@pytest.fixture
def file(tmp_path: Path) -> SettingsFile:
    path = tmp_path / "relay.toml"
    path.write_text("[companion]\nname = 'First'\n", "utf-8")
    return SettingsFile(path)


def begin(file: SettingsFile, stage: Stage, *, mends: bool = False) -> asyncio.Task[None]:
    return asyncio.create_task(keep_running(file, stage.once, mends=mends, now=lambda: stage.now))


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def restarted(stage: Stage, file: SettingsFile, text: str) -> None:
    file.path.write_text(text, "utf-8")
    count = len(stage.runs)
    run = stage.runs[-1]
    run.restart(await run.load())
    await eventually(lambda: len(stage.runs) > count)


async def test_it_runs_anew_with_the_settings_as_they_are_then(file: SettingsFile) -> None:
    stage = Stage()
    task = begin(file, stage)
    await eventually(lambda: bool(stage.runs))

    await restarted(stage, file, "[companion]\nname = 'Second'\n")

    assert stage.names == ["First", "Second"]
    assert stage.runs[-1].problem is None
    await end(task)


async def test_settings_that_cannot_be_loaded_are_refused_and_the_run_goes_on(file: SettingsFile) -> None:
    stage = Stage()
    task = begin(file, stage)
    await eventually(lambda: bool(stage.runs))
    file.path.write_text("[companion]\nname = ''\n", "utf-8")

    with pytest.raises(ConfigError, match=r"companion\.name"):
        await stage.runs[0].load()

    assert not stage.runs[0].asked.is_set()
    await end(task)


@pytest.mark.parametrize(
    "error", [ConfigError("no such port"), AuthError("no such key"), ExceptionGroup("", [AuthError("no such key")])]
)
async def test_new_settings_that_do_not_work_give_way_to_those_before(
    file: SettingsFile, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    task = begin(file, stage)
    await eventually(lambda: bool(stage.runs))
    await restarted(stage, file, "[companion]\nname = 'Second'\n")

    stage.fail(error)
    await eventually(lambda: len(stage.runs) == 3)

    assert stage.names == ["First", "Second", "First"]
    assert "no such" in str(stage.runs[-1].problem)
    assert "mend it on the page" in caplog.text
    await end(task)


REDIS = "[inbox]\nengine = 'redis'\n"


@pytest.mark.parametrize("error", [InboxError("no answer"), ExceptionGroup("", [MemoryUnavailable("no answer")])])
async def test_another_store_that_cannot_be_reached_gives_way_to_the_one_before(
    file: SettingsFile, error: Exception
) -> None:
    stage = Stage()
    task = begin(file, stage)
    await eventually(lambda: bool(stage.runs))
    stage.opens = False
    await restarted(stage, file, REDIS)

    stage.fail(error)
    await eventually(lambda: len(stage.runs) == 3)

    assert [run.config.inbox.engine for run in stage.runs] == ["sqlite", "redis", "sqlite"]
    assert str(stage.runs[-1].problem) == "no answer"
    await end(task)


async def test_a_store_that_is_away_when_other_settings_are_to_count_is_waited_for(
    file: SettingsFile, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(restarts, "AGAIN_AFTER", 0.0)
    file.path.write_text(REDIS, "utf-8")
    stage = Stage()
    task = begin(file, stage)
    await eventually(lambda: bool(stage.runs))
    stage.opens = False
    await restarted(stage, file, f"{REDIS}[companion]\nname = 'Second'\n")

    for count in (3, 4):
        stage.fail(InboxError("no answer"))
        await eventually(lambda: len(stage.runs) == count)  # noqa: B023 - awaited at once

    assert stage.names[1:] == ["Second"] * 3
    assert stage.runs[-1].problem is None
    assert "no answer; trying again" in caplog.text
    stage.fail(ConfigError("no such port"))
    await eventually(lambda: len(stage.runs) == 5)
    stage.fail(InboxError("no answer"))
    await eventually(lambda: len(stage.runs) == 6)
    assert len(set(stage.names) - {"Second"}) == 1
    assert stage.names[-1] != "Second", "the settings from before are not given up for it either"
    await end(task)


async def test_a_first_start_does_not_wait_for_its_store(file: SettingsFile) -> None:
    stage = Stage()
    stage.opens = False
    task = begin(file, stage, mends=True)
    await eventually(lambda: bool(stage.runs))

    stage.fail(InboxError("no answer"))

    with pytest.raises(InboxError):
        await task


@pytest.mark.parametrize(("after", "error"), [(TRIAL, ConfigError("late")), (0.0, InboxError("no answer"))])
async def test_what_fails_later_or_is_no_matter_of_settings_ends_the_relay(
    file: SettingsFile, after: float, error: Exception
) -> None:
    stage = Stage()
    task = begin(file, stage)
    await eventually(lambda: bool(stage.runs))
    await restarted(stage, file, "[companion]\nname = 'Second'\n")

    stage.now += after
    stage.fail(error)

    with pytest.raises(type(error)):
        await task


@pytest.mark.parametrize("text", ["[companion]\nname = ''\n", "[companion\n", "[web]\nport = 'x'\n[relay]\nx = 1\n"])
async def test_a_first_start_with_wrong_settings_ends_a_service_and_opens_the_page_for_a_person(
    file: SettingsFile, text: str
) -> None:
    file.path.write_text(text, "utf-8")
    stage = Stage()
    with pytest.raises(ConfigError):
        await begin(file, stage)

    task = begin(file, stage, mends=True)
    await eventually(lambda: bool(stage.runs))

    [run] = stage.runs
    assert run.is_mending
    assert "relay.toml" in str(run.problem)
    assert run.config.relay.name == "relay-mending"  # what waits in the streamer's own store is not told to it
    await restarted(stage, file, "[companion]\nname = 'Mended'\n")
    assert stage.names[-1] == "Mended"
    await end(task)


async def test_the_page_that_mends_is_where_it_is_set_to_be(file: SettingsFile) -> None:
    file.path.write_text("[web]\nport = 8123\n[twitch]\nenabled = true\n", "utf-8")
    stage = Stage()
    task = begin(file, stage, mends=True)
    await eventually(lambda: bool(stage.runs))

    assert stage.runs[0].config.web.port == 8123
    await end(task)


@pytest.mark.parametrize("kept", ["on the page", "in the file"])
@pytest.mark.parametrize("wrong", ["[twitch]\nenabled = true\n", "[relay]\nname = 5\n", "[web]\nport = 'x'\n"])
async def test_the_page_that_mends_asks_for_the_token_as_before(file: SettingsFile, kept: str, wrong: str) -> None:
    token = "a-token-nobody-guesses"
    if kept == "on the page":
        file.secrets.keep({"web.token": token})
        text = wrong
    elif "[web]" in wrong:
        text = f"{wrong}token = '{token}'\n"
    else:
        text = f"{wrong}[web]\ntoken = '{token}'\n"
    file.path.write_text(text, "utf-8")
    stage = Stage()
    task = begin(file, stage, mends=True)
    await eventually(lambda: bool(stage.runs))

    asked_for = stage.runs[0].config.web.token
    assert asked_for is not None
    assert asked_for.get_secret_value() == token
    await end(task)


async def test_the_page_that_mends_a_file_nobody_can_read_asks_for_the_token_kept_beside_it(
    file: SettingsFile,
) -> None:
    file.secrets.keep({"web.token": "a-token-nobody-guesses"})
    file.path.write_text("[web\n", "utf-8")
    stage = Stage()
    task = begin(file, stage, mends=True)
    await eventually(lambda: bool(stage.runs))

    assert stage.runs[0].config.web.token is not None
    await end(task)


async def test_a_mending_run_that_fails_as_well_ends_with_what_is_wrong(file: SettingsFile) -> None:
    stage = Stage()
    task = begin(file, stage, mends=True)
    await eventually(lambda: bool(stage.runs))
    stage.fail(ConfigError("web.port: taken"))
    await eventually(lambda: len(stage.runs) == 2)
    stage.fail(ConfigError("web.port: taken"))

    with pytest.raises(ConfigError, match="taken"):
        await task


def _held() -> set[object]:
    """Tasks and sockets, each of which is there once."""
    return asyncio.all_tasks() | {name for name in open_files() if name.startswith("socket:")}


@asynccontextmanager
async def _page(url: str, task: asyncio.Task[None]) -> AsyncIterator[RawPage]:
    """A page of the run that is there, or as soon as one is."""
    async with AsyncExitStack() as stack:
        while True:
            try:
                yield await stack.enter_async_context(opened(url))
                return
            except aiohttp.ClientError:
                assert not task.done(), task.exception()
                await asyncio.sleep(0.005)


async def _slowly(*args: object) -> str:
    """Writes into the audit log, on a disk that takes its time."""
    for _ in range(1_000):
        await asyncio.sleep(0)
    return ""


@pytest.mark.skipif(sys.platform != "linux", reason="looks at open files in /proc")
async def test_a_run_leaves_no_task_port_nor_file_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Controls, "note", _slowly)
    port = free_port()
    path = tmp_path / "relay.toml"
    path.write_text(
        f"[relay]\ndata_dir = {str(tmp_path)!r}\n[web]\nport = {port}\n[companion]\nport = 0\npace = 0\n", "utf-8"
    )
    before, files = _held(), open_files()
    task = asyncio.create_task(live(SettingsFile(path), Console(stderr=True, force_terminal=False), mends=False))
    left: set[object] = set()
    for count in range(TIMES):
        async with _page(f"http://127.0.0.1:{port}", task) as page:
            await eventually(lambda: not left & _held())  # noqa: B023 - awaited at once
            answer = await page.ask("set", values={"companion.name": f"Vox {count}"})
            assert answer["answer"]["waiting"] == ["companion.name"], answer
            left = _held() - before - {task}
            assert (await page.ask("restart"))["ok"]
            with suppress(TypeError):  # the page is closed by the run that ends
                while True:
                    await page.frame()
    async with _page(f"http://127.0.0.1:{port}", task) as page:
        assert (await page.ask("settings", search="companion.name"))["answer"]["waiting"] == []
    await eventually((tmp_path / "relay.control").exists)
    await end(task)

    assert _held() - before == set()
    assert open_files() - files == Counter()
