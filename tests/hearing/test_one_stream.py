"""Everybody's turns go into one stream as whole turns, one after the other, and each text has its speaker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.hearing.base import SpokenText
from relay.hearing.one_stream import BLOCK_BYTES, HOLD, LAG, QUIET, SETTLED, STREAM_BLOCK, UNNOTICED, OneStream
from relay.hearing.partial_text import STEADY
from tests.speech.fakes import Clock
from tests.support import alongside, eventually

ANN, BEN, CLEO = "voice:1", "voice:2", "voice:3"


class Scene:
    """A stream that is read every 30 ms, by a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.stream = OneStream(clock=self.clock)
        self.stream.hearer = self
        self.told: list[SpokenText] = []
        self.expected: list[bool] = []
        self.partials: list[tuple[str, str]] = []
        """What was told before the end, of those who speak over the companion."""
        self.orders: set[str] = set()
        self.companion_speaks = False
        self.stream.open()

    def may_be_done(self, who: str, text: str) -> None: ...

    def goes_on(self, who: str) -> None: ...

    def is_spoken_over(self) -> bool:
        return self.companion_speaks

    def so_far(self, who: str, text: str) -> None:
        self.partials.append((who, text))

    def is_all(self, who: str, text: str) -> bool:
        return text in self.orders

    def expect(self, *, is_expected: bool) -> None:
        self.expected.append(is_expected)

    async def said(self, spoken: SpokenText) -> None:
        self.told.append(spoken)

    def says(self, who: str, mark: int, blocks: int = 1) -> None:
        self.stream.speech(who, bytes([mark, 0]) * (blocks * BLOCK_BYTES // 2))

    def reads(self, blocks: int) -> list[int]:
        """Who is heard in each of the next blocks, by their mark; 0 for nobody."""
        return [self._read() for _ in range(blocks)]

    def _read(self) -> int:
        self.clock.now += STREAM_BLOCK
        block = self.stream.read()
        marks = set(block[::2]) - ({0} if block != QUIET else set())
        assert len(marks) == 1, "two people in one block"
        return marks.pop()

    def silence(self, seconds: float) -> list[int]:
        return self.reads(round(seconds / STREAM_BLOCK))


@pytest.fixture
def scene() -> Scene:
    return Scene()


def heard(marks: list[int]) -> list[int]:
    """Who is heard, in order, whatever silence is between."""
    return [mark for mark, _ in groupby(mark for mark in marks if mark)]


def test_a_pause_in_which_a_client_sends_nothing_is_heard_as_long_as_it_was(scene: Scene) -> None:
    scene.stream.speech_began(ANN)
    scene.says(ANN, 1, blocks=2)
    assert scene.reads(2 + 15) == [1, 1] + [0] * 15

    scene.says(ANN, 0, blocks=15)  # what was not sent is told as silence when they go on
    scene.says(ANN, 2, blocks=2)
    scene.says(ANN, 0, blocks=3)
    scene.says(ANN, 3, blocks=1)

    assert scene.reads(6) == [2, 2, 0, 0, 0, 3]


def test_who_talks_alone_is_passed_on_as_they_speak(scene: Scene) -> None:
    scene.stream.speech_began(ANN)
    scene.says(ANN, 1, blocks=2)
    assert scene.reads(2) == [1, 1]

    scene.says(ANN, 1)
    assert scene.reads(2) == [1, 0]


def test_who_talks_beside_them_follows_whole_after_voxta_has_ended_the_first(scene: Scene) -> None:
    for who in (ANN, BEN):
        scene.stream.speech_began(who)
    for _ in range(10):
        scene.says(ANN, 1)
        scene.says(BEN, 2)
        assert scene.reads(1) == [1]
    scene.stream.recognition_began()
    for who in (BEN, ANN):
        scene.stream.turn_ended(who)

    assert set(scene.silence(1.5)) == {0}, "Voxta still listens to the first"
    scene.stream.recognition_ended("Hello.")
    after = scene.silence(SETTLED + 1)

    assert after.count(2) == 10
    assert after.index(2) <= SETTLED / STREAM_BLOCK + 1


async def test_it_is_known_who_began_while_the_companion_was_speaking(scene: Scene) -> None:
    async with alongside(scene.stream.run()):
        for who, mark, companion_speaks in ((ANN, 1, True), (BEN, 2, False)):
            scene.companion_speaks = companion_speaks
            scene.stream.sound_began(who)
            scene.companion_speaks = False
            scene.stream.speech_began(who)
            scene.says(who, mark)
            scene.reads(1)
            scene.stream.turn_ended(who)
            scene.stream.recognition_began()
            scene.stream.recognition_ended("mhm")
            scene.silence(SETTLED)
        await eventually(lambda: len(scene.told) == 2)

    assert [(each.who, each.over) for each in scene.told] == [(ANN, True), (BEN, False)]


def test_who_was_done_first_goes_first(scene: Scene) -> None:
    scene.stream.speech_began(ANN)
    scene.says(ANN, 1)
    scene.reads(1)
    for who, mark in ((BEN, 2), (CLEO, 3)):
        scene.stream.speech_began(who)
        scene.says(who, mark, blocks=3)
    scene.clock.now += 1.0
    scene.stream.turn_ended(CLEO)
    scene.clock.now += 1.0
    scene.stream.turn_ended(BEN)
    scene.stream.turn_ended(ANN)

    assert heard(scene.silence(2 * UNNOTICED + 1)) == [3, 2]


def test_a_turn_without_words_does_not_keep_the_next_for_long(scene: Scene) -> None:
    for who, mark in ((ANN, 1), (BEN, 2)):
        scene.stream.speech_began(who)
        scene.says(who, mark)
        scene.stream.turn_ended(who)

    assert heard(scene.silence(UNNOTICED + 0.2)) == [1, 2]


def test_a_turn_that_voxta_never_ends_keeps_the_next_for_a_while_and_its_text_stays_its_own(scene: Scene) -> None:
    for who, mark in ((ANN, 1), (BEN, 2)):
        scene.stream.speech_began(who)
        scene.says(who, mark)
        scene.stream.turn_ended(who)
    scene.reads(1)
    scene.stream.recognition_began()
    assert heard(scene.silence(2.0)) == []
    assert heard(scene.silence(2.0)) == [2]

    scene.stream.recognition_ended("Late.")

    assert scene.stream._texts.get_nowait().who == ANN


@asynccontextmanager
async def recognising() -> AsyncIterator[Scene]:
    scene = Scene()
    async with alongside(scene.stream.run()):
        yield scene


async def test_each_text_belongs_to_whose_turn_it_was_also_when_a_turn_has_several() -> None:
    async with recognising() as scene:
        for who, mark, texts in ((ANN, 1, ["One.", "Two."]), (BEN, 2, ["Three."])):
            scene.stream.speech_began(who)
            scene.says(who, mark)
            scene.reads(1)
            scene.stream.turn_ended(who)
            for text in texts:
                scene.stream.recognition_began()
                assert scene.stream.is_recognised
                scene.stream.recognition_ended(f" {text} ")
            scene.silence(SETTLED + 0.1)
        await eventually(lambda: len(scene.told) == 3)

    assert [(each.who, each.text) for each in scene.told] == [(ANN, "One."), (ANN, "Two."), (BEN, "Three.")]


async def test_what_others_streamed_to_voxta_is_theirs_to_tell() -> None:
    async with recognising() as scene:
        scene.stream.recognition_began()
        assert not scene.stream.is_recognised
        scene.stream.recognition_ended("From Voxta's own page.")
        scene.stream.speech_began(ANN)
        scene.says(ANN, 1)
        scene.reads(1)
        scene.stream.turn_ended(ANN)
        scene.silence(LAG + 1)
        scene.stream.recognition_began()
        scene.stream.recognition_ended("Much later.")
        await asyncio.sleep(0)

    assert scene.told == []


async def test_a_stream_that_voxta_closed_at_the_end_of_a_turn_was_still_ours() -> None:
    async with recognising() as scene:
        scene.stream.speech_began(ANN)
        scene.says(ANN, 1)
        scene.reads(1)
        scene.stream.recognition_began()
        scene.stream.close()
        scene.stream.recognition_ended("Hello.")
        await eventually(lambda: bool(scene.told))

    assert [(each.who, each.text) for each in scene.told] == [(ANN, "Hello.")]


def test_words_are_expected_from_the_end_of_a_turn_until_it_is_known_that_there_are_none(scene: Scene) -> None:
    scene.stream.speech_began(ANN)
    scene.says(ANN, 1)
    scene.reads(1)
    assert scene.expected == []

    scene.stream.turn_ended(ANN)
    assert scene.expected == [True]

    scene.stream.recognition_began()
    scene.stream.recognition_ended("")
    assert scene.expected == [True, False]


def test_what_is_said_while_voxta_does_not_listen_is_forgotten(scene: Scene) -> None:
    scene.stream.speech_began(ANN)
    scene.says(ANN, 1)
    scene.stream.close()
    scene.says(ANN, 1)
    scene.stream.open()
    assert scene.reads(3) == [0, 0, 0]

    scene.says(ANN, 2)
    assert scene.reads(2) == [2, 0], "of who goes on it hears the rest"


def test_what_waits_for_too_long_goes_with_one_warning(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    for who in (ANN, BEN):
        scene.stream.speech_began(who)
        scene.says(who, 1 if who == ANN else 2)
    for _ in range(round((HOLD + 1) / STREAM_BLOCK)):
        scene.says(ANN, 1)
        scene.says(BEN, 2)
        scene.reads(1)
    for who in (ANN, BEN):
        scene.stream.turn_ended(who)

    assert 2 not in scene.silence(10.0)
    assert scene.stream.lost == len(caplog.records) == 1


def test_what_is_held_up_may_be_read_faster(scene: Scene) -> None:
    scene.stream.speech_began(ANN)
    scene.says(ANN, 1, blocks=6)
    behind = []
    for _ in range(6):
        scene.reads(1)
        behind.append(scene.stream.is_behind)

    assert behind == [True, True, True, False, False, False]


@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 4]), st.integers(1, 60), st.booleans()), max_size=40))
def test_whatever_people_do_every_turn_is_whole_never_mixed_and_lost_only_when_it_waited_too_long(
    doings: list[tuple[int, int, bool]],
) -> None:
    """Each doing: who talks for how many blocks, and whether they are done then. Each turn has a mark of its own."""
    scene = Scene()
    open_turns: dict[int, int] = {}
    said: dict[int, int] = {}
    ended: dict[int, int] = {}
    got: list[int] = []
    for person, blocks, is_done in doings:
        who = f"voice:{person}"
        if person not in open_turns:
            open_turns[person] = len(said) + 1
            said[len(said) + 1] = 0
            scene.stream.speech_began(who)
        mark = open_turns[person]
        for _ in range(blocks):
            scene.says(who, mark)
            said[mark] += 1
            got += scene.reads(1)
        if is_done:
            scene.stream.turn_ended(who)
            ended[mark] = len(got)
            del open_turns[person]
    for person, mark in list(open_turns.items()):
        scene.stream.turn_ended(f"voice:{person}")
        ended[mark] = len(got)
    got += scene.silence(HOLD + 3)

    counts = {mark: got.count(mark) for mark in said}
    order = heard(got)
    assert len(order) == len(set(order)), "a turn was broken off for another"
    assert {mark for mark, count in counts.items() if count not in (0, said[mark])} == set(), "a part of a turn is lost"
    assert sum(count == 0 for count in counts.values()) == scene.stream.lost
    for before, after in pairwise(order):
        began = got.index(before)
        overtaken = ended[after] < min(began, ended[before])
        assert not overtaken, "who was done first goes first"


class TestWhatVoxtaUnderstandsWhileTheySpeak:
    @pytest.fixture
    async def scene(self) -> AsyncIterator[Scene]:
        """Ann has said something, and Voxta hears her."""
        async with recognising() as scene:
            self.speaks(scene, ANN, 1)
            scene.stream.recognition_began()
            yield scene

    def speaks(self, scene: Scene, who: str, mark: int) -> None:
        scene.stream.sound_began(who)
        scene.stream.speech_began(who)
        scene.says(who, mark)
        scene.reads(1)

    async def test_it_is_known_of_whose_turn_it_is_and_of_nobody_else(self, scene: Scene) -> None:
        scene.stream.speech_began(BEN)
        scene.stream.recognition_partial(" and then I ")

        assert (scene.stream.so_far(ANN), scene.stream.so_far(BEN)) == ("and then I", "")
        scene.stream.recognition_ended("And then I left.")
        assert scene.stream.so_far(ANN) == "", "what she goes on with is not known yet"

    async def test_who_hears_it_is_told_of_each_change_by_those_who_speak_over_the_companion(
        self, scene: Scene
    ) -> None:
        scene.stream.recognition_partial("mhm")
        scene.stream.turn_ended(ANN)
        scene.stream.recognition_ended("Mhm.")
        scene.silence(SETTLED)
        scene.companion_speaks = True
        self.speaks(scene, BEN, 2)
        scene.stream.recognition_began()
        for text in ("yeah", "yeah", "yeah but"):
            scene.stream.recognition_partial(text)

        assert scene.partials == [(BEN, "yeah"), (BEN, "yeah but")]

    async def test_what_is_all_is_told_once_it_has_stayed_for_a_moment_and_its_end_no_more(self, scene: Scene) -> None:
        scene.orders = {"vox stop"}
        scene.stream.recognition_partial("vox stop")
        scene.silence(STEADY - 2 * STREAM_BLOCK)
        scene.stream.recognition_partial("vox stop it")
        scene.stream.recognition_partial("vox stop")
        scene.silence(STEADY - 2 * STREAM_BLOCK)
        await asyncio.sleep(0)
        assert scene.told == [], "recognisers take words back"

        scene.silence(4 * STREAM_BLOCK)
        await eventually(lambda: [(each.who, each.text) for each in scene.told] == [(ANN, "vox stop")])
        scene.stream.turn_ended(ANN)
        scene.stream.recognition_partial("vox stop now")
        scene.stream.recognition_ended("Vox, stop now!")
        scene.stream.recognition_began()
        scene.stream.recognition_ended("And this?")
        await eventually(lambda: len(scene.told) > 1)

        assert [each.text for each in scene.told] == ["vox stop", "And this?"]
        assert scene.expected[-1] is False, "nobody waits for the words of what was ordered"

    async def test_what_was_understood_before_the_stream_broke_is_no_order_after_it(self, scene: Scene) -> None:
        scene.orders = {"vox pause"}
        scene.stream.recognition_partial("vox pause")
        scene.silence(STEADY / 2)
        scene.stream.close()
        scene.stream.open()
        scene.silence(2 * STEADY)
        await asyncio.sleep(0)

        assert scene.told == []

    async def test_what_was_told_before_the_stream_broke_is_not_told_again_at_its_end(self, scene: Scene) -> None:
        scene.orders = {"vox pause"}
        scene.stream.recognition_partial("vox pause")
        scene.silence(2 * STEADY)
        scene.stream.close()
        scene.stream.recognition_ended("Vox, pause.")
        await eventually(lambda: bool(scene.told))
        await asyncio.sleep(0)

        assert [each.text for each in scene.told] == ["vox pause"]

    async def test_what_somebody_else_streams_is_not_told(self, scene: Scene) -> None:
        scene.orders = {"vox stop"}
        scene.stream.recognition_ended("Hello.")
        scene.silence(LAG + 1)
        scene.stream.recognition_began()
        scene.stream.recognition_partial("vox stop")
        scene.silence(2 * STEADY)
        await asyncio.sleep(0)

        assert [each.text for each in scene.told] == ["Hello."]


class TestThatVoxtaDoesNotHearIsKnown:
    @pytest.fixture
    def unasked(self) -> OneStream:
        stream = OneStream()
        stream.hearer = Scene()
        return stream

    def test_while_nobody_talks_nothing_is_wrong(self, unasked: OneStream) -> None:
        assert unasked.problem is None

    def test_who_talks_while_voxta_has_never_asked_for_sound_is_not_understood(self, unasked: OneStream) -> None:
        unasked.speech_began(ANN)

        assert unasked.problem is not None

    def test_it_is_over_when_voxta_asks(self, unasked: OneStream) -> None:
        unasked.speech_began(ANN)
        unasked.open()

        assert unasked.problem is None

    def test_a_voxta_that_only_rests_is_well(self, scene: Scene) -> None:
        scene.stream.close()
        scene.stream.speech_began(ANN)

        assert scene.stream.problem is None

    def test_why_it_cannot_be_reached_comes_first(self, unasked: OneStream) -> None:
        unasked.speech_began(ANN)
        unasked.unreachable = "refused"

        assert unasked.problem == "refused"
