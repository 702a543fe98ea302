"""Two relays of one name on one Redis: one of them serves, the other one does not get in its way."""

import asyncio
import json
import math
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from relay.application.check import check
from relay.application.composition import Relay
from relay.application.explaining import explain
from relay.application.running import running
from relay.application.statistics import Statistics
from relay.application.unanswered import NOTE
from relay.bus.lease import Lease
from relay.companion.brains.base import ChatView, Pieces
from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.errors import InboxTaken
from relay.inbox.redis import RedisInbox
from relay.voxta.session import VoxtaSession
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, redis_server
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, heard, message, relaying, settings
from tests.support import eventually

QUESTIONS = 6


class Hesitating(EchoBrain):
    """Answers three times, and then only once it may."""

    async def reply(self, view: ChatView) -> Pieces:
        if len(self.asked) == 3:
            self.may_answer.clear()
        async for piece in super().reply(view):
            yield piece


def on(url: str, **inbox: Any) -> dict[str, Any]:
    return {"engine": "redis", "url": url, **inbox}


async def test_the_second_is_refused_and_the_first_goes_on(
    tmp_path: Path, companion: CompanionServer, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.renewals.RENEWALS", 300)  # the second waits for a sign of life of the first
    config = settings(tmp_path, inbox=on(redis_server.url, lease=60))
    platform = RecordingPlatform("twitch")
    async with relaying(config, companion.url, lambda *_: [platform]) as (relay, _):
        with pytest.raises(InboxTaken, match=r"another relay\.name"):
            async with relaying(config, companion.url, lambda *_: [RecordingPlatform("twitch")]):
                pass

        await relay.receive(message(1))
        await eventually(lambda: len(platform.posts) == 1)


async def test_people_may_look_while_a_relay_runs(
    tmp_path: Path, companion: CompanionServer, redis_server: RedisServer
) -> None:
    config = settings(tmp_path, inbox=on(redis_server.url))
    async with relaying(config, companion.url, lambda *_: [RecordingPlatform("twitch")]) as (relay, _):
        await relay.receive(message(1))
        await relay.quiet(empty=True)

        findings = [finding async for finding in check(config)]
        assert next((f.name, f.ok, f.line) for f in findings) == ("inbox", True, "redis answers, 0 messages wait")
        assert await explain(config, "twitch:m1") == "twitch:m1: forwarded (user)"


async def test_one_that_slept_while_another_took_over_ends_and_every_question_is_answered_once(
    tmp_path: Path,
) -> None:
    first_stage, second_stage = RecordingPlatform("twitch"), RecordingPlatform("twitch")
    brain = Hesitating()
    async with AsyncExitStack() as stack:
        companion = await stack.enter_async_context(CompanionServer(CompanionSection(port=0, pace=0), brain=brain))
        server = stack.enter_context(redis_server(tcp=True))
        way = await stack.enter_async_context(FaultyProxy(server.port))
        sleepy = settings(tmp_path, inbox=on(f"redis://127.0.0.1:{way.port}", lease=0.3))
        with pytest.raises(ExceptionGroup, check=lambda group: group.split(InboxTaken)[1] is None):
            async with relaying(sleepy, companion.url, lambda *_: [first_stage]) as (first, _):
                await ask(first, range(QUESTIONS))
                await eventually(lambda: len(first_stage.posts) == 3 and len(brain.asked) == 4)
                pending = len(brain.asked)
                await _only_noted(first, "twitch:m3")
                way.freeze()

                awake = settings(tmp_path, inbox=on(server.url, lease=60))
                second, _ = await stack.enter_async_context(relaying(awake, companion.url, lambda *_: [second_stage]))
                brain.may_answer.set()
                await eventually(lambda: len(first_stage.posts) + len(second_stage.posts) == pending)
                way.thaw()
                await ask(second, range(QUESTIONS, 2 * QUESTIONS))
                await second.quiet(empty=True)

    answered = Counter(post.reply_to for post in (*first_stage.posts, *second_stage.posts))
    assert answered == Counter(f"m{number}" for number in range(2 * QUESTIONS))
    for post in (*first_stage.posts, *second_stage.posts):
        assert post.reply_to is not None and f'"message {post.reply_to[1:]}"' in post.text


async def test_what_one_was_about_to_tell_when_it_fell_asleep_is_told_by_the_other_alone(
    tmp_path: Path, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.bus.renewals.RENEWALS", 1e-9)  # the first says nothing of its own accord
    config = settings(tmp_path, inbox=on(redis_server.url, lease=60))
    brain = EchoBrain()
    brain.may_answer.clear()
    async with AsyncExitStack() as stack:
        companion = await stack.enter_async_context(CompanionServer(CompanionSection(port=0, pace=0), brain=brain))
        with pytest.raises(ExceptionGroup, check=lambda group: group.split(InboxTaken)[1] is None):
            first = Relay(config, quiet, voxta_url=companion.url, statistics=Statistics())
            async with running(first) as ending:
                assert isinstance(first.session, VoxtaSession) and isinstance(first.inbox, RedisInbox)
                async with first.session._calls._turn:  # it waits for what else it does there
                    await first.receive(message(1))
                    await eventually(lambda: first.forwarder.is_settling)
                    _let_lapse(first.inbox.lease, redis_server, config.relay.name)
                    second, _ = await stack.enter_async_context(relaying(config, companion.url, quiet))
                    await eventually(lambda: len(brain.asked) == 1)
                await eventually(lambda: not first.forwarder.is_settling or ending.done())
                first.inbox.lease._on_loss()
                await asyncio.wait({ending})
        await second.receive(message(2))
        brain.may_answer.set()
        await eventually(lambda: any("message 2" in asked for asked in brain.asked))

        assert [text for text in heard(second) if "message 1" in text] == ['Ann (Twitch): "message 1"']


def quiet(*_: object) -> list[RecordingPlatform]:
    return [RecordingPlatform("twitch")]


def _let_lapse(lease: Lease, server: RedisServer, name: str) -> None:
    """As if the process that has it had slept for longer than it lasts."""
    assert lease._kept is not None
    lease._kept.until = -math.inf
    with server.admin as admin:
        admin.delete(f"{{relay:{name}}}:lease")


async def _only_noted(relay: Relay, key: str) -> None:
    """Until no other answer is still owed as far as the store knows: who comes next would post it once more."""
    while True:  # a store has no events
        noted = json.loads(await relay.inbox.get_note(NOTE) or "[]")
        if [forward["keys"] for forward in noted] == [[key]]:
            return
        await asyncio.sleep(0.01)


async def ask(relay: Relay, numbers: range) -> None:
    for number in numbers:
        await relay.receive(message(number, author=f"viewer{number}"))
