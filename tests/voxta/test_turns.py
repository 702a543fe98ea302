"""A whole relay follows the turns of a server that tells of them."""

from pathlib import Path

from relay.platforms.simulated import QuietPlatform
from relay.wire import server
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.support import eventually
from tests.voxta.room import room, say
from tests.voxta.said import SESSION, of_type


def flow(state: str | int) -> dict[str, object]:
    return of_type("chatFlow") | {"state": state}


async def test_the_next_message_waits_until_voxta_waits_for_people(tmp_path: Path) -> None:
    async with (
        room() as voxta,
        relaying(settings(tmp_path), voxta.url, lambda *_: [QuietPlatform("twitch")]) as (relay, _),
    ):
        await say(voxta, flow("ProcessingUserMessage"), flow(2), of_type("replyGenerating"), of_type("replyEnd"))
        await eventually(lambda: relay.floor.state(0) == "finishing")
        await relay.receive(message(1))
        await eventually(lambda: len(relay.forwarder.waiting) == 1)
        assert not voxta.received("send"), "another character may go on"

        await say(voxta, flow(server.WAITING))

        await eventually(lambda: len(voxta.received("send")) == 1)


async def test_a_reply_without_a_word_is_acknowledged_so_that_the_next_question_is_answered(tmp_path: Path) -> None:
    config = settings(tmp_path, speech={"enabled": True, "sinks": ["overlay"]})
    platform = RecordingPlatform("twitch")
    async with room() as voxta, relaying(config, voxta.url, lambda *_: [platform]) as (relay, _):
        voxta.script = lambda said: [] if "Ann" in said else ["Hello, Bob."]
        await relay.receive(message(1))
        await eventually(lambda: len(voxta.received("speechPlaybackComplete")) == 1)
        await relay.receive(message(2, author="bob"))
        await eventually(lambda: [post.text for post in platform.posts] == ["Hello, Bob."])
        await eventually(lambda: len(voxta.received("speechPlaybackComplete")) == 2)

    assert voxta.violations == []


async def test_a_trigger_that_voxta_waits_for_is_completed_and_no_other(tmp_path: Path) -> None:
    async with (
        room() as voxta,
        relaying(settings(tmp_path), voxta.url, lambda *_: [QuietPlatform("twitch")]),
    ):
        await say(voxta, of_type("appTrigger") | {"triggerId": None}, of_type("appTrigger"))
        await eventually(lambda: bool(voxta.received("appTriggerComplete")))

    assert voxta.received("appTriggerComplete") == [
        {"$type": "appTriggerComplete", "sessionId": SESSION, "triggerId": of_type("appTrigger")["triggerId"]}
    ]
