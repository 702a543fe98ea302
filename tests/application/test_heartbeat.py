import asyncio
import os
from pathlib import Path

import pytest

from relay.application.heartbeat import DEAD_AFTER, Heartbeat, ailment, condition
from tests.support import eventually


async def test_a_running_relay_is_well_and_one_that_ended_is_not(tmp_path: Path) -> None:
    path = tmp_path / "data" / "relay.alive"
    beating = asyncio.create_task(Heartbeat(path, str).beat())
    await eventually(path.exists)

    assert ailment(path, path.stat().st_mtime + 1) is None
    beating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beating

    assert "no relay runs here" in (ailment(path, 0) or "")


async def test_a_running_relay_says_how_it_is(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    beating = asyncio.create_task(Heartbeat(path, lambda: "Twitch: stopped\nDiscord: connected").beat())
    await eventually(lambda: condition(path) == "Twitch: stopped\nDiscord: connected")

    assert ailment(path, path.stat().st_mtime + 1) is None
    beating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beating
    assert condition(path) == ""


def test_a_relay_that_stopped_beating_is_stuck(tmp_path: Path) -> None:
    path = tmp_path / "relay.alive"
    path.touch()
    os.utime(path, (1000, 1000))

    assert ailment(path, 1000 + DEAD_AFTER + 1) == "the relay has been stuck for 46 s"
