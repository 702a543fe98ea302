"""A relay that is asked to end by whoever runs services."""

import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from relay.application.draining import drain, until_drained
from relay.application.watching import Watch
from relay.companion.serving.server import CompanionServer
from relay.platforms.base import Platform
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.processes import RelayProcess
from tests.support import PATIENCE, eventually


async def test_the_answer_under_way_is_posted_and_what_comes_in_waits_for_the_next_run(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain
) -> None:
    twitch = RecordingPlatform("twitch")
    brain.may_answer.clear()

    def platforms(*_: object) -> Sequence[Platform]:
        return [twitch]

    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        await relay.receive(message(1))
        await eventually(lambda: statistics.sent.total() == 1)
        draining = asyncio.create_task(drain(relay, PATIENCE))
        await eventually(lambda: relay.forwarder.rests)
        await relay.receive(message(2))
        brain.may_answer.set()
        await draining

        assert [post.text for post in twitch.posts] == ['You said: Ann (Twitch): "message 1"']
        assert await relay.inbox.waiting() == 1

    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        await relay.quiet(empty=True)
        assert statistics.sent.total() == 1


async def test_a_relay_left_to_another_process_posts_its_answer_and_its_process_goes_on(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain
) -> None:
    twitch, watch, is_left = RecordingPlatform("twitch"), Watch(PATIENCE, asyncio.Event()), asyncio.Event()
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, lambda *_: [twitch]) as (relay, statistics):
        await relay.receive(message(1))
        await eventually(lambda: statistics.sent.total() == 1)
        running = asyncio.create_task(asyncio.sleep(PATIENCE))
        ending = asyncio.create_task(until_drained(relay, running, watch, is_left))
        is_left.set()
        await eventually(lambda: relay.forwarder.rests)
        brain.may_answer.set()
        await ending
        running.cancel()

    assert len(twitch.posts) == 1
    assert not watch.readiness.is_ending


async def test_an_answer_that_takes_too_long_is_not_waited_for(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, lambda *_: []) as (relay, statistics):
        await relay.receive(message(1))
        await eventually(lambda: statistics.sent.total() == 1)

        await drain(relay, 0.01)

        assert relay.is_answering
        brain.may_answer.set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
def test_a_service_tells_when_it_is_ready_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text("[web]\nport = 0\n[companion]\nport = 0\n", "utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        with RelayProcess("run", "--plain", "--no-mend", env=environment, cwd=tmp_path) as relay:
            told = {manager.recv(100) for _ in range(2)}
            relay.signal(signal.SIGTERM)
            assert told == {b"READY=1", b"WATCHDOG=1"}
            assert manager.recv(100) == b"STOPPING=1"
            ended = relay.wait()

    assert (ended.returncode, "nothing new is told" in ended.stderr) == (0, True)
