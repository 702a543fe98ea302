"""Sound of any rate becomes sound of 16 kHz."""

import numpy as np
import pytest

from relay.hearing.base import HEARING_RATE
from relay.hearing.resampling import Resampler


def sine(hertz: float, seconds: float, rate: int, level: float = 0.3) -> bytes:
    at = np.arange(round(seconds * rate)) / rate
    return bytes((level * 32767 * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes())


def strength(pcm: bytes, hertz: float) -> float:
    samples = np.frombuffer(pcm, "<i2") / 32767
    at = np.arange(len(samples)) / HEARING_RATE
    return float(abs(2 * np.mean(samples * np.exp(-2j * np.pi * hertz * at))))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("piece", [0.02, 5.0])
def test_a_tone_keeps_its_pitch_its_strength_and_its_length(rate: int, piece: float) -> None:
    resampler, sound = Resampler(rate), sine(700, 2.0, rate)
    size = 2 * round(piece * rate)

    low = b"".join(resampler.convert(sound[at : at + size]) for at in range(0, len(sound), size))

    assert len(low) / (2 * HEARING_RATE) == pytest.approx(2.0, abs=0.005)
    assert strength(low, 700) == pytest.approx(0.3, rel=0.03)


def test_what_lies_above_the_new_rate_does_not_fold_back() -> None:
    low = Resampler(48_000).convert(sine(11_000, 1.0, 48_000, 0.5))

    assert np.abs(np.frombuffer(low, "<i2")[2000:]).max() < 32767 * 0.5 / 300


def test_nothing_is_nothing() -> None:
    assert Resampler(48_000).convert(b"") == b""
