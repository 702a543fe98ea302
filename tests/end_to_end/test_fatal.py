"""What only a person can mend ends the run, with its reason and in time; mistakes of ours do not."""

from pathlib import Path

import pytest

from relay.application.composition import Relay
from relay.application.running import running
from relay.application.statistics import Statistics
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.errors import AuthError
from relay.model import Post
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.support import eventually


async def test_a_refused_key_ends_the_run_and_gives_the_others_a_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons: list[str] = []
    monkeypatch.setattr("relay.application.running.shutdown.begin", reasons.append)
    locked = CompanionSection.model_validate({"port": 0, "access_key": "sesame"})
    async with CompanionServer(locked) as companion:
        relay = Relay(
            settings(tmp_path),
            lambda *_: [RecordingPlatform("twitch")],
            voxta_url=companion.url,
            statistics=Statistics(),
        )
        with pytest.RaisesGroup(AuthError):
            async with running(relay) as task:
                await task

    assert len(reasons) == 1
    assert reasons[0].startswith("voxta failed (Voxta at ")


class Clumsy(RecordingPlatform):
    """Fails at the first post in a way that nobody has thought of."""

    async def post(self, post: Post) -> None:
        await super().post(post)
        if len(self.posts) == 1:
            raise ZeroDivisionError


async def test_a_post_that_fails_unforeseen_costs_that_post(
    tmp_path: Path, companion: CompanionServer, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Clumsy("twitch")
    async with relaying(settings(tmp_path), companion.url, lambda *_: [platform]) as (relay, statistics):
        await relay.receive(message(1))
        await relay.receive(message(2))
        await eventually(lambda: len(platform.posts) == 2)

        assert statistics.failed_posts == {"twitch": 1}
        assert "a reply could not be posted to twitch" in caplog.text


@pytest.mark.parametrize("name", ["executor", "context"])
async def test_a_room_that_others_can_do_without_begins_anew(
    tmp_path: Path,
    companion: CompanionServer,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("relay.application.scenario.AGAIN", 0.001)
    platform = RecordingPlatform("twitch")
    relay = Relay(settings(tmp_path), lambda *_: [platform], voxta_url=companion.url, statistics=Statistics())
    room = getattr(relay.scenario, name)
    began: list[None] = []
    run = room.run

    async def fail_once() -> None:
        began.append(None)
        if len(began) == 1:
            raise ZeroDivisionError
        await run()

    monkeypatch.setattr(room, "run", fail_once)
    async with running(relay):
        await eventually(lambda: len(began) == 2)
        await relay.receive(message(1))
        await eventually(lambda: len(platform.posts) == 1)

    assert "the scenario failed; trying again in 0.001 s" in caplog.text
