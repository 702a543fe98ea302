"""Each person's turn becomes a text of their own, in the order in which they were done."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from relay.hearing.base import HEARING_RATE, Recognition, RecognitionError, SpokenText
from relay.hearing.partial_text import STEADY
from relay.hearing.separate_voices import PENDING, SeparateVoices
from tests.support import alongside, eventually

ANN, BEN = "voice:1", "voice:2"
BLOCK = b"\0\0" * 512


class Turn:
    """A turn whose words the test knows."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.text = ""
        self.heard = b""
        self.result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.is_abandoned = self.is_awaited = False

    def feed(self, pcm: bytes) -> None:
        self.heard += pcm

    async def finish(self) -> str:
        self.is_awaited = True
        return await self.result

    def abandon(self) -> None:
        self.is_abandoned = True


class Engine:
    def __init__(self) -> None:
        self.turns: list[Turn] = []

    def begin(self, language: str = "") -> Recognition:
        self.turns.append(Turn(language))
        return self.turns[-1]

    async def check(self) -> str:
        return "well"


class Scene:
    def __init__(self, within: float = 60.0) -> None:
        self.engine = Engine()
        self.told: list[SpokenText] = []
        self.asked: list[tuple[str, str]] = []
        self.settles = False
        self.expected: list[bool] = []
        self.over: list[str] = []
        self.companion_speaks = False
        self.pauses: list[str] = []
        self.voices = SeparateVoices(self.engine, language="de", within=within, clock=lambda: 7.0)
        self.voices.hearer = self

    def expect(self, *, is_expected: bool) -> None:
        self.expected.append(is_expected)

    async def said(self, spoken: SpokenText) -> None:
        self.told.append(spoken)

    def is_spoken_over(self) -> bool:
        return self.companion_speaks

    def so_far(self, who: str, text: str) -> None:
        self.over.append(f"{who} {text}")

    def is_all(self, who: str, text: str) -> bool:
        self.asked.append((who, text))
        return self.settles

    def may_be_done(self, who: str, text: str) -> None:
        self.pauses.append(text)

    def goes_on(self, who: str) -> None:
        self.pauses.append("goes on")

    def says(self, who: str, blocks: bytes = BLOCK) -> Turn:
        """They begin a turn."""
        self.voices.speech_began(who)
        self.voices.speech(who, blocks)
        return self.engine.turns[-1]


@asynccontextmanager
async def hearing() -> AsyncIterator[Scene]:
    scene = Scene()
    async with alongside(scene.voices.run()):
        yield scene


async def test_people_who_talk_at_the_same_time_are_two_texts() -> None:
    async with hearing() as scene:
        ann = scene.says(ANN, b"a1")
        ben = scene.says(BEN, b"b1")
        scene.voices.speech(ANN, b"a2")
        scene.voices.speech(BEN, b"b2")
        for who, turn, text in ((ANN, ann, "hello"), (BEN, ben, " good morning ")):
            scene.voices.turn_ended(who)
            turn.result.set_result(text)

        await eventually(lambda: len(scene.told) == 2)

    assert (ann.heard, ben.heard) == (b"a1a2", b"b1b2")
    assert scene.told == [SpokenText(ANN, "hello", 7.0), SpokenText(BEN, "good morning", 7.0)]
    assert ann.language == "de"


async def test_they_are_handed_over_in_the_order_of_ending_whoever_is_understood_first() -> None:
    async with hearing() as scene:
        slow = scene.says(ANN)
        quick = scene.says(BEN)
        scene.voices.turn_ended(ANN)
        scene.voices.turn_ended(BEN)
        quick.result.set_result("second")
        await asyncio.sleep(0)
        assert scene.told == []

        slow.result.set_result("first")
        await eventually(lambda: len(scene.told) == 2)

    assert [each.text for each in scene.told] == ["first", "second"]


async def test_what_has_no_words_is_handed_to_nobody_and_what_fails_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with hearing() as scene:
        for result in ("", RecognitionError("no such model"), RecognitionError("no such model"), "hello"):
            turn = scene.says(ANN)
            scene.voices.turn_ended(ANN)
            if isinstance(result, str):
                turn.result.set_result(result)
            else:
                turn.result.set_exception(result)
        await eventually(lambda: len(scene.told) == 1)

    assert [each.text for each in scene.told] == ["hello"]
    assert [each.message for each in caplog.records if each.levelno == logging.WARNING] == [
        "What people say is not understood: no such model"
    ]


async def test_a_recogniser_that_is_far_behind_gets_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async with hearing() as scene:
        for _ in range(PENDING + 1):
            scene.says(ANN)
            scene.voices.turn_ended(ANN)

        assert [turn.is_abandoned for turn in scene.engine.turns] == [False] * PENDING + [True]
        for turn in scene.engine.turns[:PENDING]:
            turn.result.set_result("word")
        await eventually(lambda: len(scene.told) == PENDING)
        scene.says(BEN).result.set_result("again")
        scene.voices.turn_ended(BEN)
        await eventually(lambda: scene.told[-1].text == "again")

    assert "16 turns wait" in caplog.text


async def test_a_recogniser_that_never_answers_keeps_nobody_else_from_being_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scene = Scene(within=0.0)
    async with alongside(scene.voices.run()):
        stuck = scene.says(ANN)
        scene.voices.turn_ended(ANN)
        await eventually(lambda: scene.voices.problem is not None)
        scene.says(BEN).result.set_result("hello")
        scene.voices.turn_ended(BEN)
        await eventually(lambda: len(scene.told) == 1)

    assert stuck.is_abandoned
    assert scene.told[0].text == "hello"
    assert "took longer than 0 s" in caplog.text


async def test_what_was_under_way_when_hearing_began_anew_holds_up_nothing() -> None:
    scene = Scene()
    async with alongside(scene.voices.run()):
        for _ in range(PENDING):
            scene.says(ANN)
            scene.voices.turn_ended(ANN)
        await eventually(lambda: all(turn.is_awaited for turn in scene.engine.turns))
    async with alongside(scene.voices.run()):
        scene.says(BEN).result.set_result("hello")
        scene.voices.turn_ended(BEN)
        await eventually(lambda: len(scene.told) == 1)

    assert scene.told[0].text == "hello"


async def test_a_turn_that_never_ended_is_forgotten_when_they_begin_anew_and_at_the_end() -> None:
    async with hearing() as scene:
        first, second = scene.says(ANN), scene.says(ANN)
        assert (first.is_abandoned, second.is_abandoned) == (True, False)
        await asyncio.sleep(0)

    assert second.is_abandoned


async def test_words_are_expected_from_the_end_of_a_turn_until_they_are_told_or_there_are_none() -> None:
    async with hearing() as scene:
        ann, ben = scene.says(ANN), scene.says(BEN)
        assert scene.expected == []
        scene.voices.turn_ended(ANN)
        scene.voices.turn_ended(BEN)
        ann.result.set_result("")
        await asyncio.sleep(0.01)
        assert scene.expected == [True, True], "those of the other still are"

        ben.result.set_result("")
        await eventually(lambda: len(scene.expected) == 3)

    assert not scene.expected[-1]


async def test_it_is_known_who_began_while_the_companion_was_speaking() -> None:
    async with hearing() as scene:
        scene.companion_speaks = True
        scene.voices.sound_began(ANN)
        scene.voices.sound_began(BEN)
        scene.companion_speaks = False
        scene.voices.was_noise(BEN)
        for who in (ANN, BEN, ANN):
            scene.says(who).result.set_result("mhm")
            scene.voices.turn_ended(who)
        await eventually(lambda: len(scene.told) == 3)

    assert [(each.who, each.over) for each in scene.told] == [(ANN, True), (BEN, False), (ANN, False)]


async def test_what_is_said_over_the_companion_is_told_while_it_is_said() -> None:
    async with hearing() as scene:
        scene.companion_speaks = True
        scene.voices.sound_began(ANN)
        for who in (ANN, BEN):
            turn = scene.says(who)
            for text in ("yeah", "yeah", "yeah but"):
                turn.text = text
                scene.voices.speech(who, BLOCK)

    assert scene.over == [f"{ANN} yeah", f"{ANN} yeah but"]


async def test_words_so_far_are_known_while_somebody_talks() -> None:
    async with hearing() as scene:
        scene.says(ANN).text = "and then I"

        assert scene.voices.so_far(ANN) == "and then I"
        assert scene.voices.so_far(BEN) == ""


class TestWhatIsUnderstoodSoFar:
    BLOCKS = round(STEADY * HEARING_RATE / 512) + 2

    async def test_counts_once_it_stays_as_it_is(self) -> None:
        async with hearing() as scene:
            turn = scene.says(ANN)
            for text in ("vox", "vox stop", "vox stop it"):
                turn.text = text
                scene.voices.speech(ANN, BLOCK)
                scene.voices.speech(ANN, BLOCK)
            assert scene.asked == []

            for _ in range(3 * self.BLOCKS):
                scene.voices.speech(ANN, BLOCK)

            assert scene.asked == [(ANN, "vox stop it")]

    async def test_may_be_all_and_then_nothing_else_is_told_of_the_turn(self) -> None:
        async with hearing() as scene:
            scene.settles = True
            turn = scene.says(ANN)
            turn.text = "vox stop"
            for _ in range(self.BLOCKS):
                scene.voices.speech(ANN, BLOCK)
            fed = len(turn.heard)
            scene.voices.speech(ANN, BLOCK)
            scene.voices.turn_ended(ANN)

            assert turn.is_abandoned
            assert len(turn.heard) == fed
            scene.says(BEN).result.set_result("hello")
            scene.voices.turn_ended(BEN)
            await eventually(lambda: len(scene.told) == 2)

        assert [(each.who, each.text) for each in scene.told] == [(ANN, "vox stop"), (BEN, "hello")]

    async def test_that_is_all_waits_for_nobody(self) -> None:
        async with hearing() as scene:
            scene.settles = True
            scene.says(BEN)
            scene.voices.turn_ended(BEN)
            scene.says(ANN).text = "vox stop"
            for _ in range(self.BLOCKS):
                scene.voices.speech(ANN, BLOCK)

            await eventually(lambda: [each.who for each in scene.told] == [ANN])


async def test_it_is_told_when_somebody_may_be_done_and_when_they_were_not() -> None:
    async with hearing() as scene:
        turn = scene.says(ANN)
        turn.text = "which"
        scene.voices.speech(ANN, BLOCK)
        scene.voices.speech_paused(ANN)
        turn.text = "which dragon"
        scene.voices.speech(ANN, BLOCK)
        scene.voices.speech_resumed(ANN)
        scene.voices.speech(ANN, BLOCK)

    assert scene.pauses == ["which", "which dragon", "goes on"]
