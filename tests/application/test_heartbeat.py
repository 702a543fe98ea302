import asyncio
import os
from pathlib import Path

import pytest

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
    heartbeat, states = Heartbeat(every=0.01), {name: "starts" for name in ("ann", "ben")}
    files = {name: tmp_path / f"{name}.alive" for name in states}
    async with heartbeat.of(files["ann"], lambda: states["ann"]):
        async with heartbeat.of(files["ben"], lambda: states["ben"]):
            assert [task.get_name() for task in asyncio.all_tasks()].count("heartbeat") == 1
            states.update(ann="ok", ben="ok")
            await eventually(lambda: condition(files["ann"]) == condition(files["ben"]) == "ok")

        assert not files["ben"].exists()
        states["ann"] = "alone"
        await eventually(lambda: condition(files["ann"]) == "alone")
    assert not files["ann"].exists()


async def test_what_the_file_has_already_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    async with Heartbeat(every=0.01).of(path, lambda: "ok"):
        await eventually(lambda: condition(path) == "ok")
        for _ in range(10):  # the first two beats may both be under way, and know nothing of each other
            path.write_text("marked", "utf-8")
            os.utime(path, (0, 0))
            await eventually(lambda: path.stat().st_mtime > 0)
            if condition(path) == "marked":
                return
    pytest.fail("it was written each time")


async def test_a_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    async with Heartbeat(every=0.01).of(path, lambda: "ok"):
        await eventually(lambda: condition(path) == "ok")
        path.unlink()
        await eventually(lambda: condition(path) == "ok")


async def test_a_file_that_cannot_be_written_costs_the_other_relays_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    heartbeat, there, state = Heartbeat(every=0.01), tmp_path / "ann.alive", ["starts"]
    async with heartbeat.of(tmp_path / "file" / "ben.alive", str), heartbeat.of(there, lambda: state[0]):
        state[0] = "ok"
        await eventually(lambda: condition(there) == "ok")


def test_a_relay_that_stopped_beating_is_stuck(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    path.touch()
    os.utime(path, (1000, 1000))

    assert ailment(path, 1000 + DEAD_AFTER + 1) == "the relay has been stuck for 46 s"
