"""Where somebody speaks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.companion.hearing.endpointing import HANGOVER, LEAD_IN, LONGEST, Began, Endpointer, Utterance
from tests.companion.hearing.sound import RATE, silence, tone

FRAME = 0.02


def heard(*sounds: bytes, rate: int = RATE) -> list[Began | Utterance]:
    endpointer = Endpointer(rate)
    return [event for sound in sounds for event in endpointer.feed(sound)]


def seconds(utterance: Began | Utterance, rate: int = RATE) -> float:
    assert isinstance(utterance, Utterance)
    return len(utterance.pcm) / (2 * rate)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_an_utterance_is_the_speech_with_a_little_before_and_the_silence_that_ended_it(rate: int) -> None:
    began, utterance = heard(silence(2.0, rate), tone(1.0, rate=rate), silence(2.0, rate), rate=rate)

    assert began == Began()
    assert seconds(utterance, rate) == pytest.approx(LEAD_IN + 1.0 + HANGOVER, abs=4 * FRAME)
    assert isinstance(utterance, Utterance)
    assert not any(utterance.pcm[: round(0.1 * rate) * 2])


def test_it_begins_within_a_tenth_of_a_second() -> None:
    assert heard(silence(1.0), tone(0.08)) == [Began()]


@pytest.mark.parametrize(
    "noise", [silence(5.0), tone(5.0, -55.0), tone(0.03) + silence(1.0), (tone(0.02) + silence(0.2)) * 10]
)
def test_silence_a_quiet_room_and_clicks_are_no_speech(noise: bytes) -> None:
    assert heard(noise) == []


def test_quiet_speech_is_speech() -> None:
    assert len(heard(silence(0.5), tone(1.0, -40.0), silence(1.0))) == 2


def test_a_short_pause_does_not_end_it() -> None:
    [_, utterance] = heard(tone(1.0), silence(HANGOVER - 0.1), tone(1.0), silence(1.0))

    assert seconds(utterance) > 2.5


def test_what_somebody_says_after_a_while_is_another_utterance() -> None:
    assert [type(event) for event in heard(*([tone(0.5), silence(1.0)] * 3))] == [Began, Utterance] * 3


def test_whoever_never_stops_is_cut_and_heard_on() -> None:
    events = heard(tone(2 * LONGEST + 1))

    assert [type(event) for event in events] == [Began, Utterance, Began, Utterance, Began]
    assert max(seconds(event) for event in events if isinstance(event, Utterance)) <= LONGEST


def test_the_end_of_the_stream_ends_the_utterance() -> None:
    endpointer = Endpointer(RATE)
    list(endpointer.feed(tone(1.0)))
    assert endpointer.is_open

    [utterance] = endpointer.flush()

    assert seconds(utterance) == pytest.approx(1.0)
    assert not endpointer.is_open
    assert list(endpointer.flush()) == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20_000), max_size=20))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int]) -> None:
    sound = silence(0.1) + tone(0.3) + silence(0.9) + tone(0.1)
    places = [0, *sorted(min(cut, len(sound)) for cut in cuts), len(sound)]

    assert heard(*(sound[a:b] for a, b in itertools.pairwise(places))) == heard(sound)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=5_000), st.integers(1, 200))
def test_any_bytes_are_bounded_and_harmless(noise: bytes, times: int) -> None:
    for event in heard(*([noise] * times)):
        if isinstance(event, Utterance):
            assert seconds(event) <= LONGEST
            assert len(np.frombuffer(event.pcm, "<i2")) > 0
