"""The settings file of a fleet changes while its companions run."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.watching import FleetWatch, SettledFile, looking_on_hangup
from relay.application.settings.file import signature
from relay.errors import ConfigError
from tests.support import alongside, eventually

ANN = "[companions.ann.speech]\nvolume = 0.5\n"
BEN = "[companions.ben.speech]\nvolume = 0.5\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "relay.toml"
    path.write_text(ANN, "utf-8")
    return path


@asynccontextmanager
async def told(watch: FleetWatch) -> AsyncIterator[list[FleetChanges]]:
    """What it tells while the context lasts."""
    heard: list[FleetChanges] = []

    async def listen() -> None:
        async for each in watch.changes():
            heard.append(each)

    async with alongside(listen()):
        yield heard


async def test_a_companion_that_is_written_into_the_file_is_told_of(path: Path) -> None:
    watch = FleetWatch(path, every=0.001)
    async with told(watch) as heard:
        path.write_text(ANN + BEN, "utf-8")
        await eventually(lambda: bool(heard))

    assert list(heard[0].added) == ["ben"]
    assert list(watch.fleet.companions) == ["ann", "ben"]


@pytest.mark.parametrize(
    "wrong", ["[companions.ann", "[companions.ann.speech]\nvolume = 9\n", None, "", "[speech]\nvolume = 0.5\n"]
)
async def test_a_wrong_file_changes_nothing_and_says_what_is_wrong_until_it_is_right(
    path: Path, wrong: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    watch = FleetWatch(path, every=60)
    async with told(watch) as heard:
        path.write_text(wrong, "utf-8") if wrong is not None else path.unlink()
        watch.look()
        await eventually(lambda: watch.problem is not None)
        assert list(watch.fleet.companions) == ["ann"]
        assert str(watch.problem) in caplog.text
        assert "the companions go on with the settings they have" in caplog.text

        path.write_text(BEN, "utf-8")
        watch.look()
        await eventually(lambda: bool(heard))

    assert watch.problem is None
    assert [(list(each.added), each.removed) for each in heard] == [(["ben"], ("ann",))]


async def test_who_leads_the_companions_goes_on_where_they_could_not_be_led_together(path: Path) -> None:
    one_port = 'processes.listen = "10.0.0.5:8090"\n'
    path.write_text(one_port + ANN, "utf-8")
    watch = FleetWatch(path, to_lead=True, every=60)
    async with told(watch):
        path.write_text(one_port + ANN + BEN, "utf-8")
        watch.look()
        await eventually(lambda: watch.problem is not None)

    assert "port 8090 can be only one companion's" in str(watch.problem)
    assert list(watch.fleet.companions) == ["ann"]


async def test_a_users_own_file_that_is_gone_ends_no_companion(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.config.loading.own_file", lambda: path)
    watch = FleetWatch(path, every=60)
    async with told(watch) as heard:
        path.unlink()
        watch.look()
        await eventually(lambda: watch.problem is not None or bool(heard))

    assert list(watch.fleet.companions) == ["ann"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
async def test_a_hangup_has_the_file_read(path: Path) -> None:
    watch = FleetWatch(path, every=60)
    async with told(watch) as heard:
        with looking_on_hangup(watch):
            path.write_text(ANN + BEN, "utf-8")
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: bool(heard))

    assert list(heard[0].added) == ["ben"]


async def test_who_asks_for_a_look_at_the_same_file_is_told_nothing(path: Path) -> None:
    watch = FleetWatch(path, every=60)
    async with told(watch) as heard:
        before = watch.fleet
        watch.look()
        await eventually(lambda: watch.fleet is not before)
        await asyncio.sleep(0)

    assert heard == []


def test_a_wrong_file_at_the_start_is_a_mistake(path: Path) -> None:
    path.write_text("[companions.ann", "utf-8")

    with pytest.raises(ConfigError, match="a ] is missing"):
        FleetWatch(path)


def test_a_file_is_read_once_it_stays_as_it_is() -> None:
    old, half, whole = ((1, 10, 1),), ((1, 0, 2),), ((1, 20, 3),)
    settling = SettledFile(old)

    assert [settling.is_new(each) for each in (old, half, whole, whole, whole, old, old)] == [
        *(False, False, False, True),
        *(False, False, True),
    ]


def test_a_file_is_another_when_it_or_what_stands_beside_it_is(path: Path) -> None:
    seen = {signature(path)}
    for each in (path.with_name(".env"), path.with_name("relay.secrets.json")):
        each.write_text("{}", "utf-8")
        seen.add(signature(path))
    path.write_text(ANN + BEN, "utf-8")
    seen.add(signature(path))

    assert len(seen) == 4
