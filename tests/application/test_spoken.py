"""What people say aloud becomes a message, unless it is not for the companion."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from relay.application.asides import Asides
from relay.application.spoken import SpokenWords
from relay.application.spoken_orders import SpokenOrders
from relay.config import HearingSection
from relay.hearing.base import SpokenText
from relay.model import AudienceMessage, Incoming, Talker
from relay.speech.making_up import ANSWER_WAIT
from tests.speech.fakes import settle
from tests.speech.test_voice import HELLO, interrupted, speaking
from tests.speech.test_voice import Scene as VoiceScene

ANN = "voice:7"


class NoOrders(SpokenOrders):
    def __init__(self) -> None: ...

    def found(self, talker: Talker, text: str) -> None:
        return None


class Scene:
    """Ann is in the voice channel, and the companion has a voice."""

    def __init__(self, voice: VoiceScene, **settings: Any) -> None:
        self.voice = voice
        self.told: list[str] = []
        self.overheard: list[tuple[str, str]] = []
        self.words = SpokenWords(
            "discord",
            lambda who: Talker(name="Ann", id="7", channel="42"),
            self._receive,
            NoOrders(),
            voice.voice,
            Asides(HearingSection.model_validate(settings), lambda: ["Vox"], lambda: ["Ann", "Bob"]),
            overheard=self._overhear,
            steady=voice.clock,
        )

    async def _receive(self, *incoming: Incoming) -> None:
        self.told += [each.text for each in incoming if isinstance(each, AudienceMessage)]

    def _overhear(self, message: AudienceMessage) -> None:
        self.overheard.append((message.author.name, message.text))

    async def ann_said(self, text: str, *, over: bool = False) -> None:
        self.words.expect(is_expected=True)
        await self.words.said(SpokenText(ANN, text, self.voice.clock.now, over))


@asynccontextmanager
async def listening(**settings: Any) -> AsyncIterator[Scene]:
    async with speaking() as voice:
        yield Scene(voice, **settings)


@pytest.mark.parametrize(
    ("text", "over", "is_told"),
    [
        ("Mhm.", True, False),
        ("Yeah, right, haha.", True, False),
        ("Yeah, but why?", True, True),
        ("Mhm.", False, True),
    ],
)
async def test_who_only_listens_while_the_companion_speaks_tells_it_nothing(
    text: str, over: bool, is_told: bool
) -> None:
    async with listening() as scene:
        await scene.ann_said(text, over=over)

        assert scene.told == ([text] if is_told else [])
        assert scene.voice.floor.is_free(scene.voice.clock.now) is not is_told, "no answer is waited for"


@pytest.mark.parametrize(
    ("text", "listen_to", "is_told"),
    [
        ("Bob, can you open the door?", "addressed", False),
        ("Hey Bob", "addressed", False),
        ("Bob, can you open the door?", "all", True),
        ("Vox, Bob, can you open the door?", "addressed", True),
        ("Bob is late.", "addressed", True),
        ("Ann, that is me.", "addressed", True),
        ("Can you open the door?", "addressed", True),
    ],
)
async def test_what_is_said_to_somebody_else_by_name_is_not_told_unless_the_settings_want_it(
    text: str, listen_to: str, is_told: bool
) -> None:
    async with listening(listen_to=listen_to) as scene:
        await scene.ann_said(text)

        assert scene.told == ([text] if is_told else [])


@pytest.mark.parametrize(
    ("text", "over", "is_overheard"),
    [
        ("Bob, can you open the door?", False, True),
        ("Bob, can you open the door?", True, True),
        ("Mhm.", True, False),
        ("Can you open the door?", False, False),
    ],
)
async def test_what_people_say_to_each_other_is_overheard_and_that_they_listen_is_not(
    text: str, over: bool, is_overheard: bool
) -> None:
    async with listening() as scene:
        await scene.ann_said(text, over=over)

        assert scene.overheard == [("Ann", text)] * is_overheard


async def test_the_companion_goes_on_as_soon_as_the_words_over_it_are_not_for_it_and_pauses_when_they_are() -> None:
    async with listening() as scene:
        await scene.voice.reply(HELLO)
        scene.voice.passes(0.1)
        heard = []
        scene.voice.voice.speaks(ANN)
        for text in ("Yeah", "Yeah but", "Yeah but why", "Bob", "Bob you"):
            scene.words.so_far(ANN, text)
            heard.append(not scene.voice.sink.is_paused)

        assert heard == [True, False, False, True, True]


async def test_who_begins_while_a_reply_is_said_or_paused_speaks_over_it() -> None:
    async with listening() as scene:
        assert not scene.words.is_spoken_over()
        await scene.voice.reply(HELLO)
        scene.voice.passes(0.1)
        assert scene.words.is_spoken_over()
        scene.voice.voice.talks(ANN)

        assert scene.voice.sink.is_paused
        assert scene.words.is_spoken_over()


async def test_who_interrupted_is_answered_by_their_words_however_long_it_takes_to_understand_them() -> None:
    async with listening() as scene:
        await interrupted(scene.voice)
        scene.words.expect(is_expected=True)
        scene.voice.passes(ANSWER_WAIT + 0.1)
        await settle()
        assert scene.voice.voxta.told == []

        await scene.words.said(SpokenText(ANN, "But why?", scene.voice.clock.now, over=True))

        assert scene.told == ["But why?"]
        scene.voice.passes(ANSWER_WAIT + 0.1)
        await scene.voice.told("ask")
