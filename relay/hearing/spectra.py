"""How strong each part of the spectrum is: of what is heard, and of the companion's voice, as it was played."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.played import RATE, PlayedSound

HOP: Final = 0.016
"""Seconds from one frame to the next; each is 32 ms long, as a block of what is heard."""
BANDS: Final = 20
"""Parts of the spectrum, each about a fifth wider than the one below it."""
_LOWEST: Final = 200.0
_HIGHEST: Final = 5500.0
"""Hz, between which small loudspeakers, microphones and the codecs of calls leave a voice as it is."""
_STEP: Final = RATE // HEARING_RATE
_FRAME: Final = BLOCK_SAMPLES * _STEP

Powers = NDArray[np.float32]


def _bands() -> Powers:
    hertz = np.arange(BLOCK_SAMPLES // 2 + 1) * HEARING_RATE / BLOCK_SAMPLES
    edges = np.geomspace(_LOWEST, _HIGHEST, BANDS + 1)
    return np.asarray((hertz >= edges[:-1, None]) & (hertz < edges[1:, None]), np.float32)


_BANDS: Final = _bands()
_WINDOW: Final = np.hanning(BLOCK_SAMPLES).astype(np.float32)
_LONG_WINDOW: Final = (np.hanning(_FRAME) / _STEP).astype(np.float32)


def powers_of(block: bytes) -> Powers:
    """The power of each band in a block of what is heard, in units of one sample's least step."""
    spectrum = np.fft.rfft(np.frombuffer(block, "<i2") * _WINDOW)
    return np.asarray(_BANDS @ (spectrum.real**2 + spectrum.imag**2), np.float32)


class Reference:
    """What all sinks play, as spectra. Asked in one thread."""

    def __init__(self, sounds: Sequence[PlayedSound]) -> None:
        self._sounds = sounds
        self._frames: dict[int, Powers] = {}

    def was_silent(self, since: float) -> bool:
        """Whether nothing was played from then on."""
        return all(sound.was_silent(since) for sound in self._sounds)

    def until(self, at: float, count: int) -> Powers:
        """The powers of the `count` frames that end at `at` and every `HOP` before, the newest first."""
        newest = int(at / HOP)
        if newest not in self._frames:
            self._frames = {number: each for number, each in self._frames.items() if number > newest - 4 * count}
        return np.stack([self._frame(number) for number in range(newest, newest - count, -1)])

    def _frame(self, number: int) -> Powers:
        if (known := self._frames.get(number)) is not None:
            return known
        begin = number * HOP - _FRAME / RATE
        powers = np.zeros(BANDS, np.float32)
        for sound in self._sounds:
            samples = np.frombuffer(sound.between(begin, _FRAME), "<i2")
            if samples.any():
                spectrum = np.fft.rfft(samples * _LONG_WINDOW)[: BLOCK_SAMPLES // 2 + 1]
                powers += _BANDS @ (spectrum.real**2 + spectrum.imag**2)
        self._frames[number] = powers
        return powers
