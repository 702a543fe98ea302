"""One person's voice, as a listener hears of it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.config import HearingSection
from relay.hearing.base import HEARING_RATE, Detector, VoiceState
from relay.hearing.detector import NeuralDetector, loudness
from relay.hearing.person import LEAD_IN, LONGEST, PersonVoice
from relay.hearing.voice_activity import BLOCK
from tests.hearing.sounds import Samples, at_level, breathing, claps, fan, music, pcm, room, silence, speech, typing

ANN = "voice:ann"
GATE = -50.0
PIECE = 320
"""Samples of 20 ms, as voice channels bring them."""


class ByLevel:
    """Knows speech by being louder than -30 dBFS, so that tests can say what is noise."""

    def speech(self, block: bytes) -> float:
        return float(loudness(block) > -30.0)

    def reset(self) -> None: ...


class Notes:
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.said: list[bytes] = []

    def sound_began(self, who: str) -> None:
        self.told.append("sound")

    def was_noise(self, who: str) -> None:
        self.told.append("noise")

    def speech_began(self, who: str) -> None:
        self.told.append("speech")
        self.said.append(b"")

    def speech(self, who: str, pcm: bytes) -> None:
        self.said[-1] += pcm

    def speech_paused(self, who: str) -> None:
        self.told.append("paused")

    def speech_resumed(self, who: str) -> None:
        self.told.append("resumed")

    def turn_ended(self, who: str) -> None:
        self.told.append("ended")

    def turn_cut(self, who: str) -> None:
        self.told.append("cut")
        self.said.append(b"")


class Scene:
    def __init__(self, detector: Detector | None = None, **options: object) -> None:
        self.notes = Notes()
        self.now = 0.0
        section = HearingSection.model_validate(options)
        self.voice = PersonVoice(
            ANN, self.notes, detector or ByLevel(), settings=section, gate=GATE, ends_after=lambda: 0.5
        )

    def hears(self, samples: Samples, piece: int = PIECE) -> None:
        for at in range(0, len(samples), piece):
            part = samples[at : at + piece]
            self.now += len(part) / HEARING_RATE
            self.voice.feed(pcm(part), self.now)

    def waits(self, seconds: float) -> None:
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            self.voice.wait(self.now)


def voice(seconds: float) -> Samples:
    return room(seconds, -20.0)


def thump(seconds: float) -> Samples:
    return room(seconds, -40.0)


def seconds(said: bytes) -> float:
    return len(said) / (2 * HEARING_RATE)


def test_what_is_said_begins_a_little_before_the_first_sound_and_ends_with_the_silence_that_ended_it() -> None:
    scene = Scene()

    scene.hears(np.concatenate([room(1.0), voice(1.0), room(1.0)]))

    assert scene.notes.told == ["sound", "speech", "paused", "ended"]
    [said] = scene.notes.said
    assert seconds(said) == pytest.approx(LEAD_IN + 1.0 + 0.5, abs=3 * BLOCK)
    assert loudness(said[: 2 * round(0.2 * HEARING_RATE)]) < -60


def test_what_is_noise_reaches_nobody_as_speech() -> None:
    scene = Scene()

    scene.hears(np.concatenate([room(1.0), thump(3.0), room(1.0)]))

    assert scene.notes.told == ["sound", "noise"]
    assert scene.notes.said == []


def test_the_soft_beginning_of_a_word_that_took_a_while_to_be_known_belongs_to_it() -> None:
    scene = Scene()

    scene.hears(np.concatenate([room(1.0), thump(0.6), voice(0.5)]))

    [said] = scene.notes.said
    assert seconds(said) == pytest.approx(LEAD_IN + 0.6 + 0.5, abs=3 * BLOCK)


def test_who_stops_sending_is_silent() -> None:
    scene = Scene()

    scene.hears(voice(1.0))
    scene.waits(0.6)

    assert scene.notes.told == ["sound", "speech", "paused", "ended"]


def test_who_falls_silent_before_a_microphone_that_stays_on_pauses_once() -> None:
    scene = Scene()
    scene.hears(voice(1.0))
    for _ in range(20):
        scene.hears(room(0.02))
        scene.voice.wait(scene.now - 0.2)  # packets may be late

    assert [each for each in scene.notes.told if each not in ("sound", "noise")] == ["speech", "paused"]


def test_what_was_not_sent_within_a_turn_is_silence_of_that_length() -> None:
    scene = Scene()

    scene.hears(voice(1.0))
    scene.now += 0.4
    scene.hears(voice(1.0))

    assert scene.notes.told == ["sound", "speech", "paused", "resumed"]
    assert seconds(scene.notes.said[0]) == pytest.approx(2.4, abs=3 * BLOCK)


def test_what_came_long_before_does_not_belong_to_a_word() -> None:
    scene = Scene()

    scene.hears(room(0.3))
    scene.now += 3.0
    scene.hears(voice(0.5))

    assert seconds(scene.notes.said[0]) <= 0.5


def test_who_never_ends_is_cut_and_heard_on() -> None:
    scene = Scene()

    scene.hears(voice(2 * LONGEST + 1), piece=HEARING_RATE // 10)

    assert scene.notes.told == ["sound", "speech", "cut", "cut"]
    assert max(map(seconds, scene.notes.said)) <= LONGEST + BLOCK


def test_who_leaves_in_mid_word_is_done() -> None:
    scene = Scene()
    scene.hears(voice(0.5))

    scene.voice.end()

    assert scene.notes.told[-1] == "ended"


def test_who_leaves_before_anybody_knows_was_noise() -> None:
    scene = Scene()
    scene.hears(thump(0.2))

    scene.voice.end()

    assert scene.notes.told == ["sound", "noise"]


def test_what_the_companion_says_itself_is_not_heard() -> None:
    notes, now = Notes(), 0.0
    voice_of_ann = PersonVoice(
        ANN,
        notes,
        ByLevel(),
        settings=HearingSection(),
        gate=GATE,
        ends_after=lambda: 0.5,
        is_echo=lambda block, at: at < 2.0,
    )
    said = pcm(voice(3.0))
    for at in range(0, len(said), 2 * PIECE):
        now += 0.02
        voice_of_ann.feed(said[at : at + 2 * PIECE], now)

    assert notes.told == ["sound", "speech"]
    assert seconds(notes.said[0]) < 1.0 + LEAD_IN + BLOCK
    assert notes.said[0].startswith(bytes(round(LEAD_IN / 2 * HEARING_RATE))), "nor is it what comes before their words"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=15))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int]) -> None:
    sound = pcm(np.concatenate([room(0.1), voice(0.3), room(0.7), voice(0.1)]))
    places = [0, *sorted(min(2 * cut, len(sound)) for cut in cuts), len(sound)]
    whole, pieces = Scene(), Scene()

    whole.voice.feed(sound, 2.0)
    for begin, end in itertools.pairwise(places):
        pieces.voice.feed(sound[begin:end], 2.0 - (len(sound) - end) / (2 * HEARING_RATE))

    assert (pieces.notes.told, pieces.notes.said) == (whole.notes.told, whole.notes.said)


# With the network that tells speech from noise


@pytest.mark.parametrize(
    "noise",
    [typing(6.0), fan(6.0), breathing(6.0), music(6.0)],
    ids=["typing", "fan", "breathing", "music"],
)
def test_no_noise_is_taken_for_speech_and_each_is_a_sound_once(noise: Samples) -> None:
    scene = Scene(NeuralDetector())

    scene.hears(np.concatenate([room(0.5), noise]))

    assert scene.notes.said == []
    assert scene.notes.told.count("sound") <= 2


@pytest.mark.parametrize("language", ["en-us", "de", "fr"])
def test_a_sentence_is_one_turn_from_its_first_word_to_its_last(language: str) -> None:
    scene, sentence = Scene(NeuralDetector()), speech(language)

    scene.hears(np.concatenate([room(0.5), sentence + fan(len(sentence) / HEARING_RATE), room(1.0)]))

    assert [each for each in scene.notes.told if each not in ("paused", "resumed")] == ["sound", "speech", "ended"]
    assert seconds(b"".join(scene.notes.said)) > len(sentence) / HEARING_RATE


def test_claps_that_are_as_loud_as_people_are_sounds_and_never_speech() -> None:
    scene = Scene(NeuralDetector())

    scene.hears(np.concatenate([claps(6.0), room(0.5)]))

    assert scene.notes.told == ["sound", "noise"] * scene.notes.told.count("sound")


def test_who_speaks_while_they_type_is_heard() -> None:
    scene, sentence = Scene(NeuralDetector()), at_level(speech(), -22)
    length = len(sentence) / HEARING_RATE

    scene.hears(np.concatenate([typing(3.0, -35), sentence + typing(length, -35)]))

    assert "speech" in scene.notes.told


def test_a_voice_that_is_quiet_costs_no_judgement() -> None:
    class Never(ByLevel):
        def speech(self, block: bytes) -> float:
            raise AssertionError("nothing is loud enough to be judged")

    scene = Scene(Never())

    scene.hears(np.concatenate([silence(0.2), room(0.5, -60)]))

    assert scene.voice.state is VoiceState.QUIET
