"""From sound to the shape of a mouth: how far it is open, and roughly which vowel it forms. Pure.

What tells vowels apart is where the two lowest resonances of the mouth are. The centre of the sound below 1 kHz and the
strength of two bands above it stand for them: as good as a drawn mouth needs, in any language, for one transform.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.speech.base import RATE

WINDOW: Final = 2048
"""Samples that are looked at: 43 ms, from the moment on that is heard, since an avatar shows them a frame later."""
SPAN: Final = 24.0
"""Decibels between a closed mouth and one that is wide open."""
HEADROOM: Final = 4.0
"""Decibels that vowels are above the loudness of a whole clip, which pauses and soft sounds bring down."""
VOWELS: Final = ("A", "I", "U", "E", "O")

_LOW: Final = (200.0, 1000.0)
_BANDS: Final = ((200.0, 900.0), (900.0, 1500.0), (1500.0, 3200.0))
"""Hertz: where every vowel has something, where A has its second resonance, and where I and E have theirs."""
_VALLEY: Final = -4.0
"""What is weaker than this, as a logarithm, tells nothing more: it is the noise of the recording."""
_VOWELS: Final = np.array(
    [(700.0, -0.1, -1.4), (325.0, -4.0, -0.2), (465.0, -2.7, -2.8), (430.0, -4.0, -0.1), (595.0, -2.0, -1.8)]
)
"""Of each vowel: the centre of the sound in `_LOW`, and by how much the two upper bands exceed the lowest.

Measured on eSpeak's German and Spanish vowels, of a man's voice and a woman's.
"""
_SPREAD: Final = np.array([70.0, 1.2, 0.8])
"""By how much these differ between two voices that say the same."""

_TAPER: Final = np.hanning(WINDOW)


def _between(low: float, high: float) -> slice:
    return slice(round(low * WINDOW / RATE), round(high * WINDOW / RATE))


_IN_LOW: Final = _between(*_LOW)
_IN_BANDS: Final = [_between(*band) for band in _BANDS]
_FREQUENCIES: Final = np.fft.rfftfreq(WINDOW, 1 / RATE)[_IN_LOW]


@dataclass(frozen=True, slots=True)
class LipShape:
    """What a mouth does at one moment."""

    opening: float = 0.0
    """From 0 (closed) to 1."""
    vowels: tuple[float, ...] = (0.0,) * len(VOWELS)
    """How much of each of `VOWELS`; together as much as the mouth is open."""

    @property
    def width(self) -> float:
        """From 0 (rounded, as in U) over 0.5 (at rest) to 1 (spread, as in I)."""
        _, i, u, e, o = self.vowels
        return 0.5 + 0.5 * (i + 0.6 * e - u - 0.6 * o)


CLOSED: Final = LipShape()


def shape_at(pcm: bytes, seconds: float, loudness: float) -> LipShape:
    """The mouth at a moment of a clip (its samples as a `Clip` has them) whose loudness is this, in LUFS."""
    begin = 2 * int(seconds * RATE)
    samples = np.frombuffer(pcm[begin : begin + 2 * WINDOW], "<i2").astype(np.float64) / 32768
    power = float(samples @ samples) / WINDOW
    if not power:
        return CLOSED
    opening = (10 * np.log10(power) - (loudness + HEADROOM)) / SPAN + 1
    if opening <= 0:
        return CLOSED
    opening = min(1.0, float(opening))
    return LipShape(opening, tuple(opening * share for share in _shares(samples)))


def _shares(samples: NDArray[np.float64]) -> list[float]:
    """How much the sound is like each vowel; together 1."""
    spectrum = np.abs(np.fft.rfft(samples * _TAPER[: len(samples)], WINDOW)) + 1e-9
    low = spectrum[_IN_LOW]
    base, middle, high = (float(spectrum[band].sum()) for band in _IN_BANDS)
    centre = float(low @ _FREQUENCIES) / float(low.sum())
    found = np.array([centre, max(_VALLEY, np.log(middle / base)), np.log(high / base)])
    likeness = np.exp(-np.square((found - _VOWELS) / _SPREAD).sum(axis=1).clip(max=300.0))
    shares: list[float] = (likeness / likeness.sum()).tolist()
    return shares
