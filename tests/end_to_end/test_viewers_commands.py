"""What viewers ask of a running relay about themselves."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.application.composition import Relay
from relay.companion.serving.server import CompanionServer
from relay.forwarding.follows import NOTE_FOLLOWS
from relay.inbox.build import build as build_inbox
from relay.model import AudienceMessage, Kind
from relay.moderation.quiet import LEFT_OUT
from relay.moderation.switches import Switches
from tests.end_to_end.stage import RecordingPlatform, heard, message, relaying, settings
from tests.support import eventually


class Room:
    """One channel, and who writes in it."""

    def __init__(self, relay: Relay, platform: RecordingPlatform) -> None:
        self.relay = relay
        self._platform = platform
        self._written = len(platform.posts) * 100

    async def write(self, author: str, text: str) -> AudienceMessage:
        self._written += 1
        written = message(self._written, text, author=author)
        await self.relay.receive(written)
        return written

    async def ask(self, author: str, command: str) -> str:
        """What the relay answers to a command."""
        before = len(self._platform.posts)
        await self.write(author, command)
        await eventually(lambda: len(self._platform.posts) > before)
        return self._platform.posts[-1].text

    async def follow(self, author: str) -> str:
        self._written += 1
        followed = message(self._written, author=author, kind=Kind.FOLLOW)
        await self.relay.receive(followed)
        return await self.outcome(followed)

    async def outcome(self, of: AudienceMessage) -> str:
        await self.relay.quiet(empty=True)
        record = await self.relay.inbox.why(of.key)
        assert record is not None
        return record.story


@asynccontextmanager
async def room(folder: Path, companion: CompanionServer, platform: RecordingPlatform) -> AsyncIterator[Room]:
    config = settings(
        folder, replies={"post_to": "nowhere"}, commands={"answers_per_minute": 600, "answers_at_once": 50}
    )
    async with relaying(config, companion.url, lambda *_: [platform]) as (relay, _):
        yield Room(relay, platform)


@pytest.fixture
def twitch() -> RecordingPlatform:
    return RecordingPlatform("twitch")


async def test_a_viewer_learns_what_became_of_a_message_also_after_a_restart(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    async with room(tmp_path, companion, twitch) as here:
        assert await here.ask("cleo", "!why") == "I know of no message of yours."
        await here.outcome(await here.write("ann", "what a day"))
        await here.outcome(await here.write("bob", "LOOK AT MY HUGE SHOUTING"))
        assert await here.ask("ben", "!queue") == "I know of no message of yours."
        why = await here.ask("bob", "!why")
        assert why.startswith("Your message (")
        assert why.endswith("): It was all in capitals. Write it without shouting.")
        assert await here.ask("cleo", "!companion") == (
            "Vox is an AI companion, and may answer what you write, here and aloud. Commands: !ask, !commands, !queue, "
            "!why, !quiet, !listen, !forget, !companion. No notes are kept about who comes here."
        )

    async with room(tmp_path, companion, twitch) as here:
        assert (await here.ask("ann", "!why")).endswith("): Vox was told.")
        await here.relay.runtime.switch(Switches(paused=True))
        await here.write("ann", "and now?")
        await eventually(lambda: len(here.relay.forwarder.waiting) == 1)
        assert (await here.ask("ann", "!queue")).startswith("It waits: a moderator has paused what is told.")
        await here.relay.runtime.switch(Switches())


async def test_who_is_quiet_is_not_told_to_the_companion_until_they_say_so_also_after_a_restart(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    async with room(tmp_path, companion, twitch) as here:
        await here.relay.runtime.switch(Switches(paused=True))
        waiting = await here.write("bob", "this waits")
        await eventually(lambda: len(here.relay.forwarder.waiting) == 1)
        assert await here.ask("bob", "!quiet") == (
            "From now on Vox is not told what you write or do here. !listen undoes it."
        )
        await here.relay.runtime.switch(Switches())
        assert await here.outcome(waiting) == f"dropped ({LEFT_OUT})"

    async with room(tmp_path, companion, twitch) as here:
        unheard, asked = await here.write("bob", "hi Vox"), await here.write("bob", "!ask are you there?")
        assert await here.outcome(unheard) == await here.outcome(asked) == f"rejected ({LEFT_OUT})"
        assert "hears you again after !listen" in await here.ask("bob", "!why")
        assert await here.ask("bob", "!unquiet") == "Vox may hear you again."
        assert await here.outcome(await here.write("bob", "hi again")) == "forwarded (user)"
        assert heard(here.relay) == ['Bob (Twitch): "hi again"']


async def test_who_has_written_before_a_restart_is_no_newcomer_after_it(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    config = settings(tmp_path, filters={"first_message": "hold"})
    async with relaying(config, companion.url, lambda *_: [twitch]) as (relay, _):
        await relay.receive(message(1, "hello there"), message(2, "hi all", author="bob"))
        await eventually(lambda: len(relay.runtime.held()) == 2)
        assert await relay.runtime.approve(relay.runtime.held()[0].id)
        await eventually(lambda: heard(relay) == ['Ann (Twitch): "hello there"'])
        await relay.receive(message(5, "look at https://evil.example", author="dora"))  # refused
        await relay.quiet()

    async with relaying(config, companion.url, lambda *_: [twitch]) as (relay, _):
        await relay.receive(message(3, "what is new?"), message(4, "nothing", author="cleo"))
        await relay.receive(message(6, "me too", author="dora"))
        await eventually(lambda: heard(relay)[-1:] == ['Ann (Twitch): "what is new?"'])
        await eventually(lambda: [held.text for held in relay.runtime.held()] == ["hi all", "nothing", "me too"])


async def test_who_said_hello_before_a_restart_is_no_first_timer_after_it(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    config = settings(tmp_path, commands={"own": [{"name": "once", "answer": "Once.", "first_timers": False}]})
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open()
    await inbox.append([message(1, "hello there"), message(2, "!once")])
    await inbox.close()

    async with relaying(config, companion.url, lambda *_: [twitch]) as (relay, _):
        await relay.quiet(empty=True)

    assert "Once." in [post.text for post in twitch.posts]


async def test_who_followed_lately_has_not_followed_for_long_after_a_restart_either(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    config = settings(tmp_path, commands={"own": [{"name": "old", "answer": "Old friend.", "followed_for": 86_400}]})
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open()  # without the follow itself: newer messages have taken its place
    await inbox.set_note(NOTE_FOLLOWS, json.dumps({"twitch:lobby/ann": time.time() - 3_600}))
    await inbox.close()

    async with relaying(config, companion.url, lambda *_: [twitch]) as (relay, _):
        await relay.receive(message(1, "!old"), message(2, "!old", author="bob"))
        await relay.quiet(empty=True)

    assert sorted(post.text for post in twitch.posts) == [
        "Old friend.",
        "Only for who has followed for 1440 min: !old.",
    ]


async def test_what_is_used_up_before_a_restart_is_so_after_it(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    config = settings(tmp_path, commands={"own": [{"name": "once", "answer": "Once.", "per_stream": 1}]})
    for number, author in enumerate(["ann", "bob"]):
        async with relaying(config, companion.url, lambda *_: [twitch]) as (relay, _):
            await relay.receive(message(number, "!once", author=author))
            await eventually(lambda: len(twitch.posts) == number + 1)  # noqa: B023 - it is awaited here
            await relay.quiet(empty=True)

    assert [post.text for post in twitch.posts] == ["Once.", "Used as often as one stream allows: !once."]


async def test_who_wants_to_be_forgotten_leaves_no_word_in_the_store(
    tmp_path: Path, companion: CompanionServer, twitch: RecordingPlatform
) -> None:
    forgotten: list[str] = []

    class Memory:
        async def accounts(self, viewer: str) -> frozenset[str]:
            return frozenset({viewer})

        async def forget(self, viewer: str) -> None:
            forgotten.append(viewer)

    async with room(tmp_path, companion, twitch) as here:
        here.relay.viewers.wishes.memory = Memory()
        for author in ("ann", "bob"):
            assert (await here.follow(author)).startswith("forwarded")
        await here.outcome(await here.write("ann", "my secret"))
        other = await here.write("bob", "hello there")
        await here.outcome(other)
        assert await here.ask("ann", "!forget") == "WHOM is missing. Use: !forget me"
        answer = await here.ask("ann", "!forget me")
        assert answer.startswith("What is known of you is deleted, and so is what you wrote.")
        assert forgotten == ["twitch:ann"]
        followers = await here.relay.inbox.get_note(NOTE_FOLLOWS) or ""
        assert "/ann" not in followers and "/bob" in followers

        async def texts() -> list[str]:
            return [each.text for each in await here.relay.inbox.newest(99)]

        await eventually(lambda: here.relay.viewers.forgetting._wishes["twitch:ann"].passes == 1)
        assert "my secret" not in await texts()
        assert "hello there" in await texts()
        assert await here.ask("ann", "!queue") == "I know of no message of yours."
