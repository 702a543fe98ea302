import asyncio
import os
from pathlib import Path
from threading import Event

import pytest

from relay.application import heartbeat
from relay.application.heartbeat import DEAD_AFTER, Heartbeat, ailment, condition
from tests.support import eventually


async def test_a_running_relay_is_well_and_one_that_ended_is_not(tmp_path: Path) -> None:
    path = tmp_path / "data" / "relay.alive"
    async with Heartbeat().of(path, str):
        await eventually(path.exists)
        assert ailment(path, path.stat().st_mtime + 1) is None

    assert "no relay runs here" in (ailment(path, 0) or "")


async def test_a_running_relay_says_how_it_is(tmp_path: Path) -> None:
    path, now = tmp_path / "relay.alive", ["Twitch: stopped\nDiscord: connected"]
    async with Heartbeat(every=0.01).of(path, lambda: now[0]):
        await eventually(lambda: condition(path) == "Twitch: stopped\nDiscord: connected")

        now[0] = "ok"
        await eventually(lambda: condition(path) == "ok")
    assert condition(path) == ""


async def test_relays_of_one_process_share_its_heartbeat_and_each_may_end_before_the_others(tmp_path: Path) -> None:
    process, states = Heartbeat(every=0.01), {name: "starts" for name in ("ann", "ben")}
    files = {name: tmp_path / f"{name}.alive" for name in states}
    async with process.of(files["ann"], lambda: states["ann"]):
        async with process.of(files["ben"], lambda: states["ben"]):
            assert [task.get_name() for task in asyncio.all_tasks()].count("heartbeat") == 1
            states.update(ann="ok", ben="ok")
            await eventually(lambda: condition(files["ann"]) == condition(files["ben"]) == "ok")

        assert not files["ben"].exists()
        states["ann"] = "alone"
        await eventually(lambda: condition(files["ann"]) == "alone")
    assert not files["ann"].exists()


@pytest.mark.parametrize("where", ["_write_all", "_touch_or_write"])
async def test_what_a_late_thread_writes_is_not_there_once_the_relay_has_ended(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, begun, ended, done = tmp_path / "relay.alive", Event(), Event(), Event()
    in_time = getattr(heartbeat, where)

    def late(*args: object, **kwargs: object) -> None:
        begun.set()
        ended.wait(0.1)  # no longer, as the end may wait for what is written
        in_time(*args, **kwargs)
        done.set()

    monkeypatch.setattr(heartbeat, where, late)
    async with Heartbeat().of(path, lambda: "ok"):
        await eventually(begun.is_set)
    ended.set()
    await eventually(done.is_set)

    assert not path.exists()


async def test_what_the_file_has_already_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    async with Heartbeat(every=0.01).of(path, lambda: "ok"):
        await eventually(lambda: condition(path) == "ok")
        path.write_text("marked", "utf-8")
        os.utime(path, (0, 0))
        await eventually(lambda: path.stat().st_mtime > 0)
        assert condition(path) == "marked"


async def test_a_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    async with Heartbeat(every=0.01).of(path, lambda: "ok"):
        await eventually(lambda: condition(path) == "ok")
        path.unlink()
        await eventually(lambda: condition(path) == "ok")


async def test_a_file_that_cannot_be_written_costs_the_other_relays_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    process, there, state = Heartbeat(every=0.01), tmp_path / "ann.alive", ["starts"]
    async with process.of(tmp_path / "file" / "ben.alive", str), process.of(there, lambda: state[0]):
        state[0] = "ok"
        await eventually(lambda: condition(there) == "ok")


def test_a_relay_that_stopped_beating_is_stuck(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    path.touch()
    os.utime(path, (1000, 1000))

    assert ailment(path, 1000 + DEAD_AFTER + 1) == "the relay has been stuck for 46 s"


def test_a_sign_of_life_from_before_the_clock_was_set_back_is_none(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    path.touch()
    os.utime(path, (5000, 5000))

    assert "ahead of the clock" in (ailment(path, 5000 - DEAD_AFTER - 1) or "")
    assert ailment(path, 4999) is None
