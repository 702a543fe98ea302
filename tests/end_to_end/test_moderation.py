"""Moderators steer a running relay from chat; filters and holds decide on real messages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from relay.application.composition import Relay
from relay.companion.serving.server import CompanionServer
from relay.model import AudienceMessage, Author, Edit, Kind, Outcome, Role
from relay.platforms.base import Platform, PlatformControls, Receive
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, heard, message, relaying, settings
from tests.support import eventually


class Twitch:
    def __init__(self) -> None:
        self.platform = RecordingPlatform("twitch")

    def __call__(self, receive: Receive, controls: PlatformControls, *_: object) -> Sequence[Platform]:
        return [self.platform]

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.platform.posts]


@pytest.fixture
def twitch() -> Twitch:
    return Twitch()


def from_moderator(number: int, text: str) -> AudienceMessage:
    author = Author(id="mod", name="Mod", roles=frozenset({Role.MODERATOR}))
    return message(number, text).model_copy(update={"author": author})


async def told(twitch: Twitch, relay: Relay, number: int, words: str) -> str:
    """A moderator writes `!relay …`; what the relay answers in chat."""
    before = len(twitch.texts)
    await relay.receive(from_moderator(number, f"!relay {words}"))
    await eventually(lambda: len(twitch.texts) > before)
    return twitch.texts[-1]


async def outcome(relay: Relay, key: str) -> str:
    record = await relay.inbox.why(key)
    assert record is not None
    return record.story


async def test_a_moderator_pauses_and_resumes_from_chat_also_over_a_restart(
    tmp_path: Path, companion: CompanionServer, twitch: Twitch
) -> None:
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        assert await told(twitch, relay, 1, "pause") == "Paused. What comes in waits as long as it is worth telling."
        await relay.receive(message(2))

    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        assert "Paused: yes" in await told(twitch, relay, 3, "status")
        assert heard(relay) == []
        await told(twitch, relay, 4, "resume")
        await relay.quiet(empty=True)

        assert heard(relay) == ['Ann (Twitch): "message 2"']
        assert await outcome(relay, "twitch:m1") == "dropped (a command for the relay)"


async def test_viewers_cannot_control_anything(tmp_path: Path, companion: CompanionServer, twitch: Twitch) -> None:
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        await relay.receive(message(1, "!relay pause"))
        await relay.quiet(empty=True)

        assert not relay.runtime.switches().paused
        assert await outcome(relay, "twitch:m1") == "rejected (a command for a bot)"
        assert twitch.texts == []


async def test_who_calls_the_character_by_name_is_heard_when_only_mentions_are(
    tmp_path: Path, companion: CompanionServer, twitch: Twitch
) -> None:
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        await told(twitch, relay, 1, "mode mentions")
        await eventually(lambda: relay.session.chat is not None)
        await relay.receive(
            message(2, "Vox, how is the weather?"), message(3, "what a vox populi"), message(4, "foxes")
        )
        await relay.receive(message(5, "the voxels are nice"))
        await relay.quiet(empty=True)

        assert heard(relay) == ['Ann (Twitch): "Vox, how is the weather?"', 'Ann (Twitch): "what a vox populi"']
        assert await outcome(relay, "twitch:m5") == "rejected (mode: only mentions)"

    async with relaying(settings(tmp_path), "http://127.0.0.1:1", twitch, join=False) as (relay, _):
        await eventually(lambda: "Vox" in relay.addressing.characters())
        await relay.receive(message(6, "Vox, are you back?"), message(7, "no idea"))
        await eventually(lambda: len(relay.forwarder.waiting) == 1)
        assert await outcome(relay, "twitch:m6") == "still waiting"


async def test_a_held_message_waits_for_its_approval(
    tmp_path: Path, companion: CompanionServer, twitch: Twitch
) -> None:
    config = settings(tmp_path, filters={"links": "hold"})
    async with relaying(config, companion.url, twitch) as (relay, _):
        await relay.receive(message(1, "look at evil.example/one", author="ann"))
        await relay.receive(message(2, "look at evil.example/two", author="bob"))
        await eventually(lambda: len(relay.runtime.held()) == 2)
        first, second = (held.id for held in relay.runtime.held())
        shown = await told(twitch, relay, 3, "held")
        assert shown.startswith(f"{first} Ann (twitch): 'look at evil.example/one' (link)")
        await told(twitch, relay, 4, f"approve {first}")
        await told(twitch, relay, 5, f"reject {second}")
        await relay.quiet(empty=True)

        assert heard(relay) == ['Ann (Twitch): "look at evil.example/one"']
        assert await outcome(relay, "twitch:m2") == "rejected (rejected by a moderator)"


async def test_what_is_still_held_at_the_end_ends_as_held(
    tmp_path: Path, companion: CompanionServer, twitch: Twitch
) -> None:
    async with relaying(settings(tmp_path, filters={"links": "hold"}), companion.url, twitch) as (relay, statistics):
        await relay.receive(message(1, "look at evil.example"))
        await eventually(lambda: len(relay.runtime.held()) == 1)
        await relay.end("the run ended")

    assert statistics.outcomes == {Outcome.HELD: 1}


async def test_terms_and_viewers_are_blocked_from_the_next_message_on(
    tmp_path: Path, companion: CompanionServer, twitch: Twitch
) -> None:
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        await told(twitch, relay, 1, "block pineapple pizza")
        await told(twitch, relay, 2, "mute Bob")
        await relay.receive(message(3, "what about pineappIe  PIZZA?"))
        await relay.receive(message(4, "hello", author="bob"))
        await relay.receive(message(5, "hello", author="cleo"))
        await relay.quiet(empty=True)

        assert heard(relay) == ['Cleo (Twitch): "hello"']
        assert await outcome(relay, "twitch:m3") == "rejected (blocked term)"
        assert await outcome(relay, "twitch:m4") == "rejected (muted by a moderator)"


async def test_an_edit_cannot_bring_in_what_a_filter_would_have_refused(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, twitch: Twitch
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        await relay.receive(message(1))
        await eventually(lambda: len(brain.asked) == 1)
        await relay.receive(message(2, author="bob"))
        await relay.receive(Edit(platform="twitch", id="m2", text="now see evil.example"))
        brain.may_answer.set()
        await relay.quiet(empty=True)

        assert await outcome(relay, "twitch:m2") == "rejected (link)"


@pytest.mark.parametrize(
    ("outbound", "posted"),
    [
        ({"links": "mask"}, ['You said: Ann (Twitch): "see (link)"']),
        ({"links": "drop"}, []),
        ({"links": "pass"}, ['You said: Ann (Twitch): "see evil.example"']),
        ({"links": "hold"}, []),
    ],
)
async def test_what_the_companion_says_is_filtered_too(
    tmp_path: Path, companion: CompanionServer, twitch: Twitch, outbound: dict[str, Any], posted: list[str]
) -> None:
    config = settings(tmp_path, filters={"links": "allow"}, outbound=outbound)
    async with relaying(config, companion.url, twitch) as (relay, _):
        await relay.receive(message(1, "see evil.example"))
        await relay.quiet(empty=True)
        assert twitch.texts == posted

        if outbound["links"] == "hold":
            await told(twitch, relay, 2, "approve first")
            await relay.quiet()
            assert 'You said: Ann (Twitch): "see evil.example"' in twitch.texts


async def test_skip_stops_the_answer_and_the_next_message_goes(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, twitch: Twitch
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        await relay.receive(message(1))
        await relay.receive(message(2, author="bob"))
        await eventually(lambda: len(brain.asked) == 1)
        assert await told(twitch, relay, 3, "skip") == "Skipped."
        await eventually(lambda: len(brain.asked) == 2)
        brain.may_answer.set()
        await relay.quiet(empty=True)

    assert [text for text in twitch.texts if text.startswith("You said")] == ['You said: Bob (Twitch): "message 2"']


async def test_clear_drops_what_waits_and_why_tells(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, twitch: Twitch
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, twitch) as (relay, _):
        await relay.receive(message(1))
        await eventually(lambda: len(brain.asked) == 1)
        for number in range(2, 5):
            await relay.receive(message(number, author=f"v{number}"))
        await eventually(lambda: len(relay.forwarder.waiting) == 3)
        assert await told(twitch, relay, 9, "clear") == "3 messages were dropped."
        await eventually(lambda: len(relay.forwarder.waiting) == 0)
        brain.may_answer.set()
        await relay.quiet(empty=True)
        assert await told(twitch, relay, 10, "why m3") == "twitch:m3: dropped (cleared by a moderator)"


async def test_a_loud_room_is_told_several_messages_at_once_and_each_has_its_outcome(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, twitch: Twitch
) -> None:
    config = settings(tmp_path, selection={"loud_per_minute": 1, "gap": 0, "seed": 1})
    texts = ["the dragon is asleep", "which sword do you like best?", "my cat watches too", "LUL", "LUL", "LUL", "LUL"]
    brain.may_answer.clear()
    async with relaying(config, companion.url, twitch) as (relay, statistics):
        await relay.receive(message(0, "first of all, good evening"))
        await eventually(lambda: len(brain.asked) == 1)
        for number, text in enumerate(texts, 1):
            await relay.receive(message(number, text, author=f"v{number}"))
        await relay.receive(message(99, "", kind=Kind.RAID, amount=7))
        await eventually(lambda: statistics.received == 9 and len(relay.forwarder.waiting) == 4)
        brain.may_answer.set()
        await relay.quiet(empty=True)
        lines = list(heard(relay))

    assert lines[1] == 'Ann is raiding the stream with 7 viewers: "message 99"'
    assert lines[2].count(" | ") == 3
    assert lines[2].endswith('Also in chat: 4 viewers: "LUL"')
    assert statistics.outcomes == {Outcome.FORWARDED: 5, Outcome.MERGED: 4}


async def test_a_burst_of_five_thousand_loses_nothing_and_a_raid_in_its_middle_is_next(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, twitch: Twitch
) -> None:
    config = settings(tmp_path, selection={"gap": 0}, filters={"paste_length": 2000})
    burst = [message(number, f"message {number}", author=f"v{number % 500}") for number in range(1, 5_001)]
    raid = message(0, "", kind=Kind.RAID, amount=7)
    burst.insert(2_500, raid)
    brain.may_answer.clear()
    async with relaying(config, companion.url, twitch) as (relay, statistics):
        await relay.receive(message(50_000, "good evening"))
        await eventually(lambda: len(brain.asked) == 1)
        for start in range(0, len(burst), 500):
            await relay.receive(*burst[start : start + 500])
        assert statistics.received == 5_002, "taking in never waits for the companion"
        await eventually(lambda: relay.forwarder.place_of(raid.key) is not None)
        brain.may_answer.set()
        await eventually(lambda: len(brain.asked) >= 2)
        await relay.end("the test ended")

        assert brain.asked[1].startswith("Ann is raiding the stream with 7 viewers")
        assert await relay.inbox.waiting() == 0
    assert sum(statistics.outcomes.values()) == 5_002
    assert len(relay.forwarder.waiting) == 0
