"""From a platform's message to the posted answer, with the embedded companion as Voxta."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from relay.application.connect import voxta
from relay.companion.brains.base import ChatView, Pieces
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.errors import AuthError
from relay.model import Edit, Kind, Outcome, Retraction, Settlement
from relay.platforms.base import Platform, PlatformControls, Receive
from relay.system import clock
from relay.voxta.transport import HubConnection
from relay.wire import server
from tests.doubles.faults import FaultyProxy
from tests.end_to_end.stage import FREELY, ONE_BY_ONE, EchoBrain, RecordingPlatform, heard, message, relaying, settings
from tests.support import PATIENCE, eventually


class Platforms:
    """Twitch and Discord that only take posts down."""

    def __init__(self) -> None:
        self.twitch = RecordingPlatform("twitch")
        self.discord = RecordingPlatform("discord")

    def __call__(self, receive: Receive, controls: PlatformControls, *_: object) -> Sequence[Platform]:
        return [self.twitch, self.discord]


@pytest.fixture
def platforms() -> Platforms:
    return Platforms()


@pytest.fixture
async def wire(companion: CompanionServer) -> FaultyProxy:
    return FaultyProxy(int(companion.url.rsplit(":", 1)[1]))


async def test_a_question_is_answered_where_it_was_asked(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms
) -> None:
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        await relay.receive(message(1, "hello"))
        await relay.quiet(empty=True)

    [post] = platforms.twitch.posts
    assert post.text == 'You said: Ann (Twitch): "hello"'
    assert (post.channel, post.reply_to) == ("lobby", "m1")
    assert platforms.discord.posts == []
    assert statistics.summary() == {
        "received": 1,
        "forwarded": {"user": 1, "event": 0, "noreply": 0},
        "outcomes": {"forwarded": 1},
        "replies": 1,
        "posted": {"twitch": 1},
    }


LISTING = """Sure, Dr. Ann! Two things:

- one
    - and half

```python
def f(x):
    return x  # Yes. No?

```
Done on Jan. 5."""


class Lister(EchoBrain):
    async def reply(self, view: ChatView) -> Pieces:
        for character in LISTING:
            yield character


async def test_white_space_comes_from_the_model_to_the_post(tmp_path: Path, platforms: Platforms) -> None:
    async with (
        CompanionServer(CompanionSection(port=0, pace=0), brain=Lister()) as companion,
        relaying(settings(tmp_path), companion.url, platforms) as (relay, _),
    ):
        await relay.receive(message(1, "hello", platform="discord"))
        await relay.quiet(empty=True)

    assert [post.text for post in platforms.discord.posts] == [LISTING]


async def test_it_is_quiet_only_when_everybody_knows_the_outcomes(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        settle, waiting = relay.inbox.settle, relay.inbox.waiting
        is_empty = asyncio.Event()

        async def answer_late(settlements: Sequence[Settlement]) -> Sequence[bool]:
            first = await settle(settlements)
            await is_empty.wait()
            return first

        async def count() -> int:
            if not (number := await waiting()):
                is_empty.set()
            return number

        monkeypatch.setattr(relay.inbox, "settle", answer_late)
        monkeypatch.setattr(relay.inbox, "waiting", count)
        await relay.receive(message(1, "hello"))
        await relay.quiet(empty=True)

        assert statistics.outcomes == {Outcome.FORWARDED: 1}


async def test_the_embedded_companion_lets_its_own_relay_in_and_nobody_without_the_key(
    tmp_path: Path, platforms: Platforms
) -> None:
    config = settings(tmp_path, voxta={"mode": "embedded"}, companion={"access_key": "sesame", "pace": 0})
    async with voxta(config, port=0) as url, relaying(config, url, platforms) as (relay, _):
        await relay.receive(message(1))
        await eventually(lambda: len(platforms.twitch.posts) == 1)

        with pytest.raises(AuthError):
            async with HubConnection.connect(url, api_key=None, timeout=PATIENCE, on_bad=print):
                pass


async def test_answers_can_go_everywhere_or_nowhere(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms
) -> None:
    everywhere = settings(tmp_path / "a", replies={"post_to": "everywhere"})
    async with relaying(everywhere, companion.url, platforms) as (relay, _):
        await relay.receive(message(1))
        await eventually(lambda: bool(platforms.twitch.posts and platforms.discord.posts))
    assert [post.reply_to for post in (*platforms.twitch.posts, *platforms.discord.posts)] == ["m1", None]

    nowhere = settings(tmp_path / "b", replies={"post_to": "nowhere"})
    async with relaying(nowhere, companion.url, platforms) as (relay, statistics):
        await relay.receive(message(2))
        await eventually(lambda: statistics.replies == 1)
        await relay.quiet(empty=True)
    assert len(platforms.twitch.posts) == 1


async def test_one_question_waits_until_the_one_before_is_answered(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, platforms: Platforms
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        await relay.receive(message(1))
        await relay.receive(message(2))
        await eventually(lambda: len(brain.asked) == 1)
        await relay.receive(message(3, kind=Kind.FOLLOW))
        await eventually(lambda: statistics.sent.total() == 2)

        assert list(heard(relay)) == ['Ann (Twitch): "message 1"', 'Ann just followed on Twitch: "message 3"']

        brain.may_answer.set()
        await relay.quiet(empty=True)

    assert len(platforms.twitch.posts) == 2


async def test_nothing_is_asked_while_the_streamer_talks_to_voxta(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms
) -> None:
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        relay.events.received(server.SpeechRecognitionStart())
        await relay.receive(message(1))
        await relay.receive(message(2, kind=Kind.FOLLOW))
        await eventually(lambda: statistics.sent.total() == 1)
        assert "followed" in heard(relay)[0], "what needs no answer goes at once"

        relay.events.received(server.SpeechRecognitionEnd(text="so, as I was saying"))
        await relay.quiet(empty=True)

    assert len(platforms.twitch.posts) == 1


async def test_a_duplicate_is_forwarded_once(tmp_path: Path, companion: CompanionServer, platforms: Platforms) -> None:
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        for _ in range(3):
            await relay.receive(message(1))
        await relay.quiet(empty=True)

    assert (statistics.received, statistics.duplicates, statistics.sent.total()) == (1, 2, 1)


async def test_what_is_edited_or_taken_back_while_it_waits_never_reaches_voxta_as_it_was(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, platforms: Platforms
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        await relay.receive(message(1))
        await eventually(lambda: len(brain.asked) == 1)
        for number in (2, 3, 4):
            await relay.receive(message(number, author=f"viewer{number}"))
        await relay.receive(Edit(platform="twitch", id="m2", text="better"))
        await relay.receive(Retraction(platform="twitch", id="m3", reason="deleted"))
        await relay.receive(Retraction(platform="twitch", author_id="viewer4", reason="author banned"))
        brain.may_answer.set()
        await relay.quiet(empty=True)
        told = list(heard(relay))
        why = await relay.inbox.why("twitch:m4")

    assert told == ['Ann (Twitch): "message 1"', 'Viewer2 (Twitch): "better"']
    assert statistics.outcomes == {Outcome.FORWARDED: 2, Outcome.DROPPED: 2}
    assert why is not None
    assert why.settlement is not None
    assert why.settlement.reason == "author banned"


async def test_what_is_deleted_in_the_moment_in_which_it_would_go_never_reaches_voxta(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):

        async def delete() -> None:
            await relay.receive(Retraction(platform="twitch", id="m1", reason="deleted"))

        monkeypatch.setattr(relay.inbox, "make_sure", delete)
        await relay.receive(message(1))
        await eventually(lambda: statistics.outcomes.total() == 1)
        await relay.receive(message(2))
        await relay.quiet(empty=True)
        told = list(heard(relay))

    assert told == ['Ann (Twitch): "message 2"']
    assert statistics.outcomes == {Outcome.DROPPED: 1, Outcome.FORWARDED: 1}


async def test_old_chat_expires_and_a_fast_viewer_is_refused_each_with_its_reason(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms
) -> None:
    slowly = {"rates": FREELY["rates"] | {"viewer": 1}, "bursts": {"viewer": 1}}
    config = settings(tmp_path, budget=slowly, selection=ONE_BY_ONE | {"quiet_ttl": 60})
    async with relaying(config, companion.url, platforms) as (relay, statistics):
        await relay.receive(message(1, author="late", at=time.time() - 61))
        await relay.receive(message(2))
        await relay.receive(message(3))
        await relay.quiet(empty=True)
        reasons = [await relay.inbox.why(f"twitch:m{number}") for number in (1, 2, 3)]

    assert [r.settlement.reason for r in reasons if r and r.settlement] == [
        "waited too long",
        "user",
        "rate: more than 1 a minute from one viewer",
    ]
    assert statistics.outcomes == {Outcome.EXPIRED: 1, Outcome.FORWARDED: 1, Outcome.REJECTED: 1}


async def test_messages_wait_in_the_inbox_until_voxta_appears(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms, wire: FaultyProxy
) -> None:
    wire.refusing = True
    async with wire, relaying(settings(tmp_path), wire.url, platforms, join=False) as (relay, _):
        await relay.receive(message(1))
        assert await relay.inbox.waiting() == 1

        wire.refusing = False
        await eventually(lambda: len(platforms.twitch.posts) == 1)


@pytest.mark.parametrize("moved", [86_400.0, -86_400.0])
async def test_what_waits_does_not_age_when_the_machines_clock_is_set(
    tmp_path: Path,
    companion: CompanionServer,
    platforms: Platforms,
    wire: FaultyProxy,
    monkeypatch: pytest.MonkeyPatch,
    moved: float,
) -> None:
    machine, ahead = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: machine() + ahead[0])
    wire.refusing = True
    async with wire, relaying(settings(tmp_path), wire.url, platforms, join=False) as (relay, statistics):
        await relay.receive(message(1, "before"))
        ahead[0] = moved
        await relay.receive(message(2, "after", author="bob", at=clock.now()))
        wire.refusing = False
        await relay.quiet(empty=True)

    assert statistics.outcomes == {Outcome.FORWARDED: 2}


async def test_a_forward_whose_acknowledgement_was_lost_is_not_sent_twice(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms, wire: FaultyProxy
) -> None:
    config = settings(tmp_path, voxta={"mode": "server", "timeout": 0.5})
    async with wire, relaying(config, wire.url, platforms) as (relay, statistics):
        wire.swallow_answers()
        await relay.receive(message(1, kind=Kind.FOLLOW))
        await eventually(lambda: relay.session.chat is None)
        wire.drop()
        await relay.quiet(empty=True)
        await eventually(lambda: relay.session.chat is not None)  # another call may have taken half a second

        assert [text for text in heard(relay) if "followed" in text] == ['Ann just followed on Twitch: "message 1"']
        assert statistics.outcomes == {Outcome.FORWARDED: 1}


async def test_a_connection_lost_before_sending_loses_nothing(
    tmp_path: Path, companion: CompanionServer, platforms: Platforms, wire: FaultyProxy
) -> None:
    async with wire, relaying(settings(tmp_path), wire.url, platforms) as (relay, statistics):
        for number in range(20):
            await relay.receive(message(number, author=f"viewer{number}"))
            if number % 7 == 3:
                wire.drop()
        await relay.quiet(empty=True)
        told = [text for text in heard(relay) if "message" in text]

    assert sorted(told) == sorted(f'Viewer{number} (Twitch): "message {number}"' for number in range(20))
    assert statistics.outcomes == {Outcome.FORWARDED: 20}


async def test_a_restarted_relay_goes_on_where_it_was(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, platforms: Platforms
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, _):
        for number in range(5):
            await relay.receive(message(number, author=f"viewer{number}"))
        await eventually(lambda: len(brain.asked) == 1)

    brain.may_answer.set()
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, _):
        await relay.quiet(empty=True)
        told = [text for text in heard(relay) if "message" in text]
        outcomes = await relay.inbox.outcomes()

    assert sorted(told) == [f'Viewer{number} (Twitch): "message {number}"' for number in range(5)]
    assert outcomes == {Outcome.FORWARDED: 5}


async def test_a_run_that_ends_gives_everything_its_outcome(
    tmp_path: Path, companion: CompanionServer, brain: EchoBrain, platforms: Platforms
) -> None:
    brain.may_answer.clear()
    async with relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics):
        for number in range(5):
            await relay.receive(message(number, author=f"viewer{number}"))
        await eventually(lambda: len(brain.asked) == 1)
        brain.may_answer.set()
        await relay.end("the demo ended")

        assert await relay.inbox.waiting() == 0
    assert sum(statistics.outcomes.values()) == statistics.received == 5


async def test_a_companion_that_begins_to_speak_unasked_is_heard_out(
    tmp_path: Path, brain: EchoBrain, platforms: Platforms
) -> None:
    async with (
        CompanionServer(CompanionSection(port=0, pace=0), brain=brain) as companion,
        relaying(settings(tmp_path), companion.url, platforms) as (relay, statistics),
        relaying(settings(tmp_path / "streamer"), companion.url, platforms) as (streamer, _),
    ):
        brain.may_answer.clear()
        await streamer.receive(message(1, "from elsewhere", platform="game"))
        await eventually(lambda: relay.is_answering)
        await relay.receive(message(2))
        brain.may_answer.set()
        await relay.quiet(empty=True)

    assert statistics.replies == 2
    assert [post.text for post in platforms.twitch.posts] == ['You said: Ann (Twitch): "message 2"']
