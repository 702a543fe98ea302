"""The sound that says: understood."""

import numpy as np

from relay.speech.chime import LOUDNESS, NOTE, NOTES, chime


def test_it_is_short_quieter_than_speech_and_begins_and_ends_without_a_click() -> None:
    samples = np.frombuffer(chime().pcm, "<i2") / 32768

    assert chime().duration == len(NOTES) * NOTE
    assert abs(samples).max() <= LOUDNESS
    assert max(abs(samples[0]), abs(samples[-1])) < 0.01


def test_each_is_another_clip() -> None:
    assert chime().id != chime().id
