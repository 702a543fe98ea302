"""The companion's own voice in people's microphones, and people who talk over it."""

import numpy as np
import pytest

from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.echo import CERTAIN, Echoes
from relay.hearing.played import RATE, PlayedSound
from tests.hearing.rooms import echoed, judged, listener, playing, samples, voice

BEGINS = 1000.0
BLOCK = BLOCK_SAMPLES / HEARING_RATE
NOISE = 10 ** (-65 / 20) * 32768


def room_noise(count: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.random.default_rng(0).normal(0, NOISE, count)


@pytest.mark.parametrize("delay", [0.02, 0.2, 0.5])
@pytest.mark.parametrize("level", [-10.0, -20.0, -30.0])
def test_what_comes_back_from_loudspeakers_is_no_sound_of_the_person(level: float, delay: float) -> None:
    played = voice(1, 3.0)
    echo = listener(playing(played, BEGINS))

    own = judged(echo, echoed(played, 2, level=level, delay=delay) + room_noise(len(played)), BEGINS)

    assert sum(own) <= 2, "64 ms would be no more than a short pause"
    assert echo.seconds >= CERTAIN, "and it is known that they use loudspeakers"


@pytest.mark.parametrize("level", [-10.0, -20.0, -30.0, -200.0])
def test_who_talks_over_the_echo_is_heard(level: float) -> None:
    played, theirs = voice(1, 3.0), voice(7, 1.0)
    heard = echoed(played, 2, level=level, delay=0.15) + room_noise(len(played))
    heard[RATE : 2 * RATE] += theirs
    echo = listener(playing(played, BEGINS))

    own = judged(echo, heard, BEGINS)

    began, ended = round(1.0 / BLOCK), round(2.0 / BLOCK)
    assert sum(own[:began]) <= 1
    assert any(own[began : began + 8]), "within a quarter of a second"
    assert sum(own[began:ended]) >= 10


def test_who_talks_into_the_first_words_with_headphones_is_heard() -> None:
    played, theirs = voice(1, 1.5), voice(8, 1.0)
    heard = room_noise(len(played))
    heard[: RATE + RATE // 2] += np.concatenate([np.zeros(RATE // 4), theirs, np.zeros(RATE // 4)])

    own = judged(listener(playing(played, BEGINS)), heard, BEGINS)

    assert any(own[8 : 8 + 31]), "though nothing is known yet of how they hear"


def test_nothing_is_an_echo_while_nothing_plays() -> None:
    played = voice(1, 1.0)
    echo = listener(playing(played, BEGINS))

    before = judged(echo, played, BEGINS - 1.1)
    after = judged(echo, played, BEGINS + 2.0)

    assert before == after == judged(listener(), played, BEGINS)
    assert sum(after) > 20
    assert echo.seconds == 0.0


def test_packets_that_come_late_all_at_once_are_still_an_echo() -> None:
    played = voice(1, 3.0)
    echo = listener(playing(played, BEGINS))
    heard = np.convolve(echoed(played, 2, level=-15, delay=0.1), np.ones(3) / 3, "same")[::3]

    late = [
        echo.is_echo(samples(heard[at : at + BLOCK_SAMPLES]), BEGINS + (at // 3200 + 1) * 0.2)
        for at in range(0, len(heard) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)
    ]

    assert late.count(False) <= 3


def test_what_was_cut_or_paused_is_not_in_the_air() -> None:
    pcm = samples(voice(1, 2.0))
    sound = PlayedSound()

    sound.plays(pcm, 0, 2 * RATE, at=10.0)
    sound.stops(at=10.5)
    sound.plays(pcm, RATE // 2, RATE // 2, at=12.0)

    assert _of(sound.between(10.0, RATE // 2)).any()
    assert not _of(sound.between(10.5, RATE)).any()
    assert np.array_equal(_of(sound.between(12.0, 100)), _of(pcm)[RATE // 2 : RATE // 2 + 100])
    assert sound.was_silent(12.6)
    assert not sound.was_silent(12.4)


def test_a_player_that_is_a_little_late_plays_on_without_a_gap() -> None:
    pcm = samples(voice(1, 1.0))
    sound = PlayedSound()

    for number in range(50):
        sound.plays(pcm, number * 960, 960, at=10.0 + number * 0.02 + (0.03 if number == 20 else 0.0))

    assert np.array_equal(_of(sound.between(10.0, RATE)), _of(pcm))


def test_a_player_that_was_held_up_and_makes_up_for_it_leaves_out_nothing() -> None:
    pcm = samples(voice(1, 1.0))
    sound = PlayedSound()

    for number in range(50):
        sound.plays(pcm, number * 960, 960, at=10.0 + max(number, 25 if number >= 10 else 0) * 0.02)

    assert np.array_equal(_of(sound.between(10.0, RATE // 5)), _of(pcm)[: RATE // 5])
    assert np.array_equal(_of(sound.between(10.5, 4 * RATE // 5)), _of(pcm)[RATE // 5 :])


def _of(pcm: bytes) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.frombuffer(pcm, "<i2").astype(np.float32)


def test_each_person_has_an_echo_of_their_own_and_those_with_loudspeakers_are_known() -> None:
    played = voice(1, 3.0)
    echoes = Echoes(playing(played, BEGINS))
    back, block = samples(echoed(played, 2, level=-15, delay=0.1)[::3]), 2 * BLOCK_SAMPLES

    for number, at in enumerate(range(0, len(back) - block + 1, block), 1):
        now = BEGINS + number * BLOCK
        echoes.is_echo("ann", back[at : at + block], now)
        echoes.is_echo("bob", bytes(block), now)

    assert echoes.loudspeakers() == ["ann"]
    assert echoes.is_likely("ann", BEGINS + 3.1)
    assert not echoes.is_likely("bob", BEGINS + 3.1)
    assert not echoes.is_likely("ann", BEGINS + 4.0), "nothing is in the air any more"
    assert not echoes.is_likely("cem", BEGINS + 3.1)

    echoes.keep({"bob", "cem"})
    assert not echoes.loudspeakers(), "ann is gone"
