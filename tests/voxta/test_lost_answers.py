"""A character goes on answering while the connection to Voxta is lost: who asked gets that answer all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.application.composition import Relay
from relay.model import Retraction
from tests.doubles.faults import FaultyProxy
from tests.doubles.voxta import VoxtaDouble
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.support import eventually

FIRST, REST = "Well, Ann.", ["It rains today.", "Take a coat."]
WHOLE = " ".join([FIRST, *REST])


class Scene:
    """A relay whose companion has begun to answer Ann, and waits before it goes on."""

    def __init__(self, voxta: VoxtaDouble, wire: FaultyProxy, relay: Relay, platform: RecordingPlatform) -> None:
        self.voxta, self.wire, self.relay = voxta, wire, relay
        self._platform = platform
        self.may_go_on = asyncio.Event()
        self.added: list[str] = []
        """What has come of replies."""
        relay.events.replied.subscribe(lambda step: self.added.append(step.added))
        voxta.script = self.answer

    async def answer(self, said: str) -> AsyncIterator[str]:
        yield FIRST if "Ann" in said else "Hello, Bob."
        await self.may_go_on.wait()
        for sentence in REST if "Ann" in said else ():
            yield sentence

    @property
    def posts(self) -> list[tuple[str | None, str]]:
        """What each was an answer to, and its text."""
        return [(post.reply_to, post.text) for post in self._platform.posts]

    async def begin(self) -> None:
        await self.relay.receive(message(1))
        await eventually(lambda: FIRST in self.added)

    async def lose(self) -> None:
        self.wire.refusing = True
        self.wire.drop()
        await eventually(lambda: self.relay.session.chat is None)

    async def finish(self) -> None:
        self.may_go_on.set()
        await eventually(lambda: WHOLE in self.voxta.chat.texts)

    async def come_back(self) -> None:
        self.wire.refusing = False
        await eventually(lambda: self.relay.session.chat is not None)


@asynccontextmanager
async def answering(folder: Path) -> AsyncIterator[Scene]:
    platform = RecordingPlatform("twitch")
    async with VoxtaDouble() as voxta, FaultyProxy(int(voxta.url.rsplit(":", 1)[1])) as wire:
        await voxta.open_elsewhere()
        async with relaying(settings(folder), wire.url, lambda *_: [platform]) as (relay, _):
            scene = Scene(voxta, wire, relay, platform)
            await scene.begin()
            yield scene


@pytest.mark.parametrize("is_done_meanwhile", [True, False])
async def test_an_answer_that_falls_into_a_lost_connection_is_posted_whole_and_once(
    tmp_path: Path, is_done_meanwhile: bool
) -> None:
    async with answering(tmp_path) as scene:
        await scene.lose()
        if is_done_meanwhile:
            await scene.finish()
        await scene.come_back()
        await scene.finish()
        await eventually(lambda: bool(scene.posts))
        await scene.relay.quiet(empty=True)

    assert scene.posts == [("m1", WHOLE)]


async def test_the_next_question_waits_for_that_answer_and_gets_its_own(tmp_path: Path) -> None:
    async with answering(tmp_path) as scene:
        await scene.relay.receive(message(2, author="bob"))
        await scene.lose()
        await scene.come_back()
        scene.may_go_on.set()
        await eventually(lambda: len(scene.posts) == 2)
        await scene.relay.quiet(empty=True)

    assert scene.posts == [("m1", WHOLE), ("m2", "Hello, Bob.")]


@pytest.mark.parametrize("is_done_meanwhile", [True, False])
async def test_nothing_is_posted_to_who_took_the_question_back_meanwhile(
    tmp_path: Path, is_done_meanwhile: bool
) -> None:
    async with answering(tmp_path) as scene:
        await scene.lose()
        await scene.relay.receive(Retraction(platform="twitch", id="m1", reason="deleted"))
        if is_done_meanwhile:
            await scene.finish()
        await scene.come_back()
        await scene.finish()
        await scene.relay.receive(message(2, author="bob"))
        await eventually(lambda: bool(scene.posts))
        await scene.relay.quiet(empty=True)

    assert scene.posts == [("m2", "Hello, Bob.")]
