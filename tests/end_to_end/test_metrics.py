"""What Prometheus is told of a relay that serves its audience."""

from collections.abc import Sequence
from pathlib import Path

from relay.application.metrics import Metrics
from relay.companion.serving.server import CompanionServer
from relay.platforms.base import Platform
from relay.speech.floor import FloorState
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import eventually


async def test_a_running_relay_tells_what_waits_what_was_answered_and_who_is_there(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain
) -> None:
    twitch = RecordingPlatform("twitch")

    def platforms(*_: object) -> Sequence[Platform]:
        return [twitch]

    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        metrics = Metrics(relay, statistics)
        value = metrics.registry.get_sample_value
        await relay.receive(message(1))
        await eventually(lambda: statistics.sent.total() == 1)
        await relay.receive(message(2), message(2))
        await eventually(lambda: value("relay_queue_depth", {"queue": "waiting"}) == 1)

        assert value("relay_floor_state", {"state": "idle"}) == 0
        assert sum(value("relay_floor_state", {"state": state}) or 0 for state in FloorState) == 1
        assert value("relay_platform_connected", {"platform": "twitch"}) == 1
        assert value("relay_voxta_connected") == 1
        assert value("relay_people_talking") == 0
        relay.voice.speaks("microphone")
        assert value("relay_people_talking") == 1
        relay.voice.stopped("microphone", is_done=True)

        brain.may_answer.set()
        await relay.quiet(empty=True)

    assert value("relay_received_total") == 2
    assert value("relay_duplicates_total") == 1
    assert value("relay_forwarded_total", {"type": "user"}) == 2
    assert value("relay_outcomes_total", {"outcome": "forwarded", "reason": "user"}) == 2
    assert value("relay_replies_total") == 2
    assert value("relay_posted_total", {"platform": "twitch"}) == 2
    assert value("relay_waiting_seconds_count", {"type": "user"}) == 2
    assert value("relay_first_words_seconds_count") == 2
    assert value("relay_answer_seconds_count") == 2
    assert value("relay_queue_depth", {"queue": "waiting"}) == 0
    assert value("relay_voxta_connected") == 0
