"""Who talks, and what of their sound is speech."""

import numpy as np
import pytest

from relay.platforms.discord.hearing.activity import GAP, SILENCES, VoiceActivity

ANNA = 101
FRAME = 960


def noise(dbfs: float) -> bytes:
    scale = 32768 * 10 ** (dbfs / 20)
    return (np.random.default_rng(1).standard_normal(FRAME) * scale).astype("<i2").tobytes()


class Scene:
    def __init__(self) -> None:
        self.now = 100.0
        self.began: list[int] = []
        self.fed: list[int] = []
        self.heard = {ANNA}
        self.timestamp = 0
        self.voices = VoiceActivity(
            -50.0, hears=self.heard.__contains__, began=self.began.append, feed=self._feed, clock=lambda: self.now
        )

    def _feed(self, user: int, timestamp: int, pcm: bytes) -> None:
        self.fed.append(timestamp // FRAME)

    def sounds(self, dbfs: float, frames: int = 1) -> None:
        for _ in range(frames):
            self.voices.sound(ANNA, self.timestamp, noise(dbfs))
            self.now += 0.02
            self.timestamp += FRAME


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_the_first_loud_frame_begins_a_turn_once(scene: Scene) -> None:
    scene.sounds(-20, frames=10)
    assert scene.began == [ANNA]
    assert scene.voices.is_talking(ANNA)
    assert scene.fed == list(range(10))


def test_comfort_noise_begins_nothing_and_is_not_passed_on(scene: Scene) -> None:
    scene.sounds(-60, frames=100)
    assert (scene.began, scene.fed) == ([], [])
    assert not scene.voices.is_talking(ANNA)


def test_the_soft_frames_right_before_speech_are_passed_on_with_it(scene: Scene) -> None:
    scene.sounds(-60, frames=10)
    scene.sounds(-20)
    assert scene.fed == [7, 8, 9, 10]


def test_soft_frames_from_long_before_are_not(scene: Scene) -> None:
    scene.sounds(-60, frames=3)
    scene.timestamp += 48_000
    scene.sounds(-20)
    assert len(scene.fed) == 1


def test_a_soft_moment_within_speech_is_still_speech(scene: Scene) -> None:
    scene.sounds(-20)
    scene.sounds(-60, frames=5)
    scene.sounds(-20)
    assert scene.began == [ANNA]
    assert scene.fed == list(range(7))


def test_noise_after_speech_does_not_keep_a_turn_alive(scene: Scene) -> None:
    scene.sounds(-20)
    scene.sounds(-60, frames=round(GAP / 0.02) + 2)
    assert not scene.voices.is_talking(ANNA)


def test_a_gap_ends_a_turn_and_the_next_sound_begins_another(scene: Scene) -> None:
    scene.sounds(-20)
    scene.now += GAP + 0.01
    assert not scene.voices.is_talking(ANNA)
    scene.sounds(-20)
    assert scene.began == [ANNA, ANNA]


def test_the_clients_silence_frames_end_a_turn_at_once(scene: Scene) -> None:
    scene.sounds(-20)
    for _ in range(SILENCES):
        scene.voices.silence(ANNA)
    assert not scene.voices.is_talking(ANNA)


def test_who_may_no_longer_be_heard_does_not_talk(scene: Scene) -> None:
    scene.sounds(-20)
    scene.heard.clear()
    assert not scene.voices.is_talking(ANNA)


def test_who_left_does_not_talk(scene: Scene) -> None:
    scene.sounds(-20)
    scene.voices.forget(ANNA)
    assert not scene.voices.is_talking(ANNA)
