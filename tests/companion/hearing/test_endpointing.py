"""Where somebody speaks in the stream that a client sends."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.companion.hearing.endpointing import GATE, HANGOVER, LONGEST, Began, Endpointer, Utterance
from relay.config import HearingSection
from relay.hearing.base import HEARING_RATE
from relay.hearing.detector import detectors
from relay.hearing.person import LEAD_IN
from relay.hearing.voice_activity import BLOCK
from tests.companion.hearing.sound import BY_LEVEL, RATE, silence, tone
from tests.hearing.sounds import fan, pcm, speech, typing

NEURAL = HearingSection()


def endpointer(rate: int = RATE, section: HearingSection = BY_LEVEL) -> Endpointer:
    return Endpointer(rate, detectors(section, GATE)(), section)


def heard(*sounds: bytes, rate: int = RATE, section: HearingSection = BY_LEVEL) -> list[Began | Utterance]:
    ear = endpointer(rate, section)
    return [event for sound in sounds for event in ear.feed(sound)]


def seconds(utterance: Began | Utterance) -> float:
    assert isinstance(utterance, Utterance)
    return len(utterance.pcm) / (2 * HEARING_RATE)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_an_utterance_is_the_speech_with_a_little_before_and_the_silence_that_ended_it(rate: int) -> None:
    began, utterance = heard(silence(2.0, rate), tone(1.0, rate=rate), silence(2.0, rate), rate=rate)

    assert began == Began()
    assert seconds(utterance) == pytest.approx(LEAD_IN + 1.0 + HANGOVER, abs=4 * BLOCK)
    assert isinstance(utterance, Utterance)
    assert not any(utterance.pcm[: 2 * round(0.1 * HEARING_RATE)])


def test_it_begins_within_a_tenth_of_a_second() -> None:
    assert heard(silence(1.0), tone(0.08)) == [Began()]


@pytest.mark.parametrize("noise", [silence(5.0), tone(5.0, -55.0)], ids=["silence", "a quiet room"])
def test_silence_and_a_quiet_room_are_no_speech(noise: bytes) -> None:
    assert heard(noise) == []


@pytest.mark.parametrize("noise", [typing(6.0), fan(6.0)], ids=["typing", "a fan"])
def test_what_is_loud_and_no_speech_begins_nothing(noise: np.ndarray) -> None:
    assert heard(pcm(noise), section=NEURAL) == []


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_speech_between_the_noise_of_keys_is_one_utterance_that_ends_though_somebody_types_on(rate: int) -> None:
    keys = typing(2.5)
    sound = np.concatenate([keys, speech(text="Where is the key?"), keys])
    raised = pcm(np.repeat(sound, rate // HEARING_RATE))

    [began, utterance] = heard(raised, rate=rate, section=NEURAL)

    assert began == Began()
    assert 0 < seconds(utterance) - len(speech(text="Where is the key?")) / HEARING_RATE < LEAD_IN + HANGOVER + 1.0


def test_quiet_speech_is_speech() -> None:
    assert len(heard(silence(0.5), tone(1.0, -40.0), silence(1.0))) == 2


def test_a_short_pause_does_not_end_it() -> None:
    [_, utterance] = heard(tone(1.0), silence(HANGOVER - 0.1), tone(1.0), silence(1.0))

    assert seconds(utterance) > 2.5


def test_a_pause_that_the_relay_takes_for_part_of_a_turn_does_not_end_it() -> None:
    patient = HearingSection(detector="level", turn=1.2)

    assert len(heard(tone(1.0), silence(1.3), tone(1.0), silence(2.0), section=patient)) == 2


def test_what_somebody_says_after_a_while_is_another_utterance() -> None:
    assert [type(event) for event in heard(*([tone(0.5), silence(1.0)] * 3))] == [Began, Utterance] * 3


def test_whoever_never_stops_is_cut_and_heard_on() -> None:
    events = heard(tone(2 * LONGEST + 1))

    assert [type(event) for event in events] == [Began, Utterance, Began, Utterance, Began]
    assert max(seconds(event) for event in events if isinstance(event, Utterance)) <= LONGEST + BLOCK


def test_the_end_of_the_stream_ends_the_utterance_and_loses_nothing_of_it() -> None:
    ear = endpointer()
    ear.feed(tone(1.01))
    assert ear.is_open

    [utterance] = ear.flush()

    assert isinstance(utterance, Utterance)
    assert utterance.pcm.startswith(tone(1.01))
    assert not ear.is_open
    assert ear.flush() == []


def test_who_goes_on_after_the_stream_stood_still_is_heard_again() -> None:
    ear = endpointer()
    ear.feed(tone(0.5))
    ear.flush()

    assert [*ear.feed(tone(0.51)), *map(type, ear.flush())] == [Began(), Utterance]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=20))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int]) -> None:
    sound = silence(0.1) + tone(0.3) + silence(0.9) + tone(0.1)
    places = [0, *sorted(min(cut, len(sound)) for cut in cuts), len(sound)]

    assert heard(*(sound[a:b] for a, b in itertools.pairwise(places))) == heard(sound)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=5_000), st.integers(1, 200))
def test_any_bytes_are_bounded_and_harmless(noise: bytes, times: int) -> None:
    for event in heard(*([noise] * times)):
        if isinstance(event, Utterance):
            assert seconds(event) <= LONGEST + BLOCK
            assert len(np.frombuffer(event.pcm, "<i2")) > 0
