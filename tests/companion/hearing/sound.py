"""Sounds to be heard."""

import numpy as np

from relay.config import HearingSection

RATE = 16_000
BY_LEVEL = HearingSection(detector="level")
"""For ears that take tones for speech."""


def tone(seconds: float, loudness: float = -20.0, rate: int = RATE) -> bytes:
    """A tone of so many dBFS (RMS)."""
    at = np.arange(round(seconds * rate)) / rate
    samples = np.sin(2 * np.pi * 220 * at) * 2**15 * np.sqrt(2) * 10 ** (loudness / 20)
    return bytes(samples.clip(-(2**15), 2**15 - 1).astype("<i2").tobytes())


def silence(seconds: float, rate: int = RATE) -> bytes:
    return bytes(2 * round(seconds * rate))
