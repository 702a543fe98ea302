"""What only a person can mend ends the run: with its reason, and in time."""

from pathlib import Path

import pytest

from relay.app import Relay, running
from relay.companion.server import CompanionServer
from relay.errors import AuthError
from relay.journal import Journal
from relay.settings import CompanionSection
from tests.end_to_end.stage import RecordingPlatform, settings


async def test_a_refused_key_ends_the_run_and_gives_the_others_a_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons: list[str] = []
    monkeypatch.setattr("relay.app.shutdown.begin", reasons.append)
    locked = CompanionSection.model_validate({"port": 0, "access_key": "sesame"})
    async with CompanionServer(locked) as companion:
        relay = Relay(
            settings(tmp_path),
            lambda *_: [RecordingPlatform("twitch")],
            voxta_url=companion.url,
            journal=Journal(),
        )
        with pytest.RaisesGroup(AuthError):
            async with running(relay) as task:
                await task

    assert len(reasons) == 1
    assert reasons[0].startswith("voxta failed (Voxta at ")
