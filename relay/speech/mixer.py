"""What people say, mixed into the one stream a speech recogniser listens to. Nothing is kept: what was read is gone."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.speech.base import RATE

HEARING_RATE: Final = 16_000
"""Samples a second of what is read."""
BLOCK: Final = 0.03
"""Seconds of one block."""
BLOCK_BYTES: Final = 2 * int(BLOCK * HEARING_RATE)
QUIET: Final = bytes(BLOCK_BYTES)
"""A block in which nobody talks."""

DELAY: Final = int(0.06 * RATE)
"""Samples speech is held back when somebody begins, so that packets that arrive unevenly still join up."""
DRIFT: Final = int(0.5 * RATE)
"""Samples a stretch of speech may run ahead of its reader before it is placed anew."""
CAPACITY: Final = RATE
"""Samples that wait at most: one second. When the reader is slower, the oldest go."""

_TAKEN: Final = int(BLOCK * RATE)
_STEP: Final = RATE // HEARING_RATE
_LINEAR: Final = 0.7
"""The share of full scale up to which a mix is left as it is; louder is bent to stay below it."""


def _low_pass(taps: int, cutoff: float) -> NDArray[np.float32]:
    """A windowed sinc. `cutoff` in Hz; below half of `HEARING_RATE`, so that nothing folds back."""
    at = np.arange(taps) - (taps - 1) / 2
    taper = np.sinc(2 * cutoff / RATE * at) * np.blackman(taps)
    return np.asarray(taper / taper.sum(), np.float32)


_FILTER: Final = _low_pass(95, 7000.0)


@dataclass(slots=True)
class _Place:
    """Where a speaker's time is in ours."""

    timestamp: int
    position: int
    end: int


class Mixer:
    """Takes what each person says from any thread, and is read by one reader in real time.

    Speech that arrives while nobody wants it (see `open`) is forgotten at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = False
        self._mix = np.zeros(CAPACITY, np.int32)
        self._at = 0
        self._places: dict[Hashable, _Place] = {}
        self._before = np.zeros(len(_FILTER) - 1, np.float32)

    def open(self) -> None:
        """From now on speech is wanted."""
        with self._lock:
            self._reset()
            self._wanted = True

    def close(self) -> None:
        """Speech is not wanted any more; what waits is forgotten."""
        with self._lock:
            self._wanted = False
            self._reset()

    def feed(self, speaker: Hashable, timestamp: int, pcm: bytes) -> None:
        """Add speech: 48 kHz, mono, signed 16 bit little-endian. `timestamp` counts samples, modulo 2^32.

        A person's pieces come in order; one that overlaps what they said already is dropped.
        """
        samples = np.frombuffer(pcm, "<i2")[:DRIFT]
        with self._lock:
            if not self._wanted:
                return
            start = self._place(speaker, timestamp, len(samples))
            if start is None:
                return
            if (excess := start + len(samples) - self._at - CAPACITY) > 0:
                self._take(excess)
            self._add(start, samples)

    def read(self) -> bytes:
        """The next 30 ms at 16 kHz, mono, signed 16 bit little-endian; exact zeros when nobody talks."""
        with self._lock:
            taken = self._take(_TAKEN)
        if not taken.any() and not self._before.any():
            return QUIET
        stretch = np.concatenate((self._before, _limit(taken)))
        self._before[:] = stretch[-len(self._before) :]
        windows = np.lib.stride_tricks.sliding_window_view(stretch, len(_FILTER))[_STEP - 1 :: _STEP]
        lowered: NDArray[np.float32] = np.clip(np.rint(windows @ _FILTER), -32768, 32767)
        return lowered.astype("<i2").tobytes()

    def _reset(self) -> None:
        self._mix[:] = 0
        self._before[:] = 0
        self._places.clear()

    def _place(self, speaker: Hashable, timestamp: int, length: int) -> int | None:
        """Where in the mix a piece belongs; None when something is there already."""
        place = self._places.get(speaker)
        if place is None:
            start = self._at + DELAY
        else:
            start = place.position + _difference(timestamp, place.timestamp)
            if not self._at <= start <= self._at + DRIFT:
                start = max(self._at + DELAY, place.end)
            elif start < place.end:
                return None
        self._places[speaker] = _Place(timestamp, start, start + length)
        return start

    def _add(self, start: int, samples: NDArray[np.int16]) -> None:
        first = start % CAPACITY
        until_end = CAPACITY - first
        self._mix[first : first + len(samples)] += samples[:until_end]
        if len(samples) > until_end:
            self._mix[: len(samples) - until_end] += samples[until_end:]

    def _take(self, count: int) -> NDArray[np.int32]:
        """Remove the oldest samples and return them."""
        where = np.arange(self._at, self._at + count) % CAPACITY
        taken: NDArray[np.int32] = self._mix[where]
        self._mix[where] = 0
        self._at += count
        return taken


def _difference(later: int, earlier: int) -> int:
    """Between two counters that wrap at 2^32."""
    return ((later - earlier + 2**31) & 0xFFFFFFFF) - 2**31


def _limit(mix: NDArray[np.int32]) -> NDArray[np.float32]:
    """Several people at once can be louder than 16 bit hold: what is too loud is bent softly below full scale."""
    samples = mix.astype(np.float32)
    loud = _LINEAR * 32767
    if np.abs(samples).max() <= loud:
        return samples
    room = 32767 - loud
    over = np.abs(samples) - loud
    bent = np.sign(samples) * (loud + room * np.tanh(over / room))
    return np.where(over > 0, bent, samples).astype(np.float32)
