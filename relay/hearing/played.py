"""What of the companion's voice is in the air: how strong each part of the spectrum is, moment by moment."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE

RATE: Final = 48_000
"""Samples a second of what is played."""
HOP: Final = 0.016
"""Seconds from one frame to the next; each is 32 ms long, as a block of what is heard."""
BANDS: Final = 20
"""Parts of the spectrum, each about a fifth wider than the one below it."""
_LOWEST: Final = 200.0
_HIGHEST: Final = 5500.0
"""Hz, between which small loudspeakers, microphones and the codecs of calls leave a voice as it is."""
_STEP: Final = RATE // HEARING_RATE
_FRAME: Final = BLOCK_SAMPLES * _STEP
_KEPT: Final = 2.0
"""Seconds."""
_JOINED: Final = 0.1
"""Seconds by which a player may be late or early with what follows, and still plays it right behind."""

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


@dataclass(slots=True)
class _Stretch:
    """Sound that is played without a break: from `at` on, `pcm` from sample `start` on."""

    at: float
    pcm: bytes = field(repr=False)
    start: int
    count: int

    @property
    def end(self) -> float:
        return self.at + self.count / RATE

    def place(self, at: float) -> float:
        """The sample that is played then."""
        return self.start + (at - self.at) * RATE if self.at <= at < self.end else float("inf")


class PlayedSound:
    """What one sink plays, told by it as it does, in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stretches: deque[_Stretch] = deque()

    def plays(self, pcm: bytes, start: int, count: int, at: float) -> None:
        """From `at` on, `count` samples of `pcm` (48 kHz, mono, signed 16 bit) are played, from `start` on.

        Whatever was told to be played at that time and later is not.
        """
        with self._lock:
            last = self._stretches[-1] if self._stretches else None
            if last is not None and abs(last.end - at) <= _JOINED:
                if last.pcm is pcm and last.start + last.count == start:
                    last.count += count
                    return
                at = max(at, last.end)
            elif last is not None and last.pcm is pcm and abs(last.place(at) - start) <= _JOINED * RATE:
                last.count = start + count - last.start
                return
            self._end(at)
            self._stretches.append(_Stretch(at, pcm, start, count))
            while self._stretches[0].end < at - _KEPT:
                self._stretches.popleft()

    def stops(self, at: float) -> None:
        """From `at` on nothing is."""
        with self._lock:
            self._end(at)

    def was_silent(self, since: float) -> bool:
        """Whether nothing was played from then on."""
        with self._lock:
            return not self._stretches or self._stretches[-1].end <= since

    def between(self, begin: float, count: int) -> NDArray[np.float32]:
        """`count` samples that were played from `begin` on; silence where there was none."""
        sound = np.zeros(count, np.float32)
        with self._lock:
            for each in self._stretches:
                first = round((each.at - begin) * RATE)
                low, high = max(0, first), min(count, first + each.count)
                if low < high:
                    begins = 2 * (each.start + low - first)
                    samples = np.frombuffer(each.pcm[begins : begins + 2 * (high - low)], "<i2")
                    sound[low : low + len(samples)] = samples
        return sound

    def _end(self, at: float) -> None:
        while self._stretches and self._stretches[-1].at >= at:
            self._stretches.pop()
        if self._stretches:
            last = self._stretches[-1]
            last.count = min(last.count, max(0, round((at - last.at) * RATE)))


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
            if (samples := sound.between(begin, _FRAME)).any():
                spectrum = np.fft.rfft(samples * _LONG_WINDOW)[: BLOCK_SAMPLES // 2 + 1]
                powers += _BANDS @ (spectrum.real**2 + spectrum.imag**2)
        self._frames[number] = powers
        return powers
