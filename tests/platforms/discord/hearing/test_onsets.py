"""The moment somebody begins."""

import numpy as np
import pytest

from relay.hearing.voice_activity import GAP, Bar
from relay.platforms.discord.hearing.onsets import SILENCES, Onsets

ANNA = 101
FRAME = 960


def noise(dbfs: float) -> bytes:
    scale = 32768 * 10 ** (dbfs / 20)
    return (np.random.default_rng(1).standard_normal(FRAME) * scale).astype("<i2").tobytes()


class Scene:
    def __init__(self) -> None:
        self.now = 100.0
        self.began: list[int] = []
        self.passed: list[int] = []
        self.hushed: list[int] = []
        self.timestamp = 0
        self.onsets = Onsets(
            -50.0, hears=lambda user: user == ANNA, began=self.began.append, follow=self, clock=lambda: self.now
        )

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        self.passed.append(timestamp // FRAME)

    def hush(self, user: int) -> None:
        self.hushed.append(user)

    def sounds(self, dbfs: float, frames: int = 1) -> None:
        for _ in range(frames):
            self.onsets.sound(ANNA, self.timestamp, noise(dbfs))
            self.now += 0.02
            self.timestamp += FRAME


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_first_loud_packet_is_the_moment_once(scene: Scene) -> None:
    scene.sounds(-20, frames=10)

    assert scene.began == [ANNA]


def test_comfort_noise_begins_nothing_and_is_passed_on_to_be_judged(scene: Scene) -> None:
    scene.sounds(-60, frames=10)

    assert scene.began == []
    assert scene.passed == list(range(10))


def test_after_a_gap_the_next_sound_is_another_beginning(scene: Scene) -> None:
    scene.sounds(-20)
    scene.now += GAP + 0.01
    scene.sounds(-20)

    assert scene.began == [ANNA, ANNA]


def test_when_the_client_says_that_they_are_done_so_is_the_next_sound(scene: Scene) -> None:
    scene.sounds(-20)
    for _ in range(SILENCES):
        scene.onsets.silence(ANNA)
    assert scene.hushed == [ANNA]

    scene.sounds(-20)

    assert scene.began == [ANNA, ANNA]


def test_known_noise_is_no_beginning_until_it_is_forgotten(scene: Scene) -> None:
    scene.onsets.bars[ANNA] = Bar(gate=-50, level=-30, since=scene.now)

    scene.sounds(-35)
    assert scene.began == []
    scene.sounds(-25)
    assert scene.began == [ANNA]

    scene.now += 6
    scene.sounds(-35)
    assert scene.began == [ANNA, ANNA]


def test_of_who_left_nothing_is_known(scene: Scene) -> None:
    scene.onsets.bars[ANNA] = Bar(gate=-50, level=-30, since=scene.now)
    scene.onsets.forget(ANNA)

    scene.sounds(-40)

    assert scene.began == [ANNA]


def test_a_begin_that_fails_loses_no_sound(scene: Scene) -> None:
    def fails(user: int) -> None:
        raise RuntimeError

    onsets = Onsets(-50.0, hears=lambda user: True, began=fails, follow=scene, clock=lambda: scene.now)
    with pytest.raises(RuntimeError):
        onsets.sound(ANNA, 0, noise(-20))
    assert scene.passed == [0]


def test_what_may_be_an_echo_begins_nothing_here_and_is_passed_on_to_be_judged() -> None:
    scene = Scene()
    echoing = {ANNA}
    scene.onsets = Onsets(
        -50.0,
        hears=lambda user: True,
        began=scene.began.append,
        follow=scene,
        clock=lambda: scene.now,
        may_echo=lambda user, now: user in echoing,
    )

    scene.sounds(-20, frames=5)
    assert (scene.began, scene.passed) == ([], [0, 1, 2, 3, 4])

    echoing.clear()
    scene.sounds(-20, frames=5)
    assert scene.began == [ANNA]
