"""What people say, mixed into the one stream a speech recogniser listens to. Nothing is kept: what was read is gone."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.hearing.base import HEARING_RATE, VoiceListener

BLOCK: Final = 0.03
"""Seconds of one block."""
BLOCK_BYTES: Final = 2 * int(BLOCK * HEARING_RATE)
QUIET: Final = bytes(BLOCK_BYTES)
"""A block in which nobody talks."""

DELAY: Final = int(0.06 * HEARING_RATE)
"""Samples speech is held back when somebody begins, so that packets that arrive unevenly still join up."""
DRIFT: Final = HEARING_RATE // 2
"""Samples a stretch of speech may run ahead of its reader before it is placed anew."""
CAPACITY: Final = 3 * HEARING_RATE
"""Samples that wait at most: three seconds, as what was said until it was known to be speech comes at once.
When the reader is slower, the oldest go.
"""

_TAKEN: Final = int(BLOCK * HEARING_RATE)
_LINEAR: Final = 0.7
"""The share of full scale up to which a mix is left as it is; louder is bent to stay below it."""


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
        """Add speech: 16 kHz, mono, signed 16 bit little-endian. `timestamp` counts samples, modulo 2^32.

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
        if not taken.any():
            return QUIET
        return np.clip(np.rint(_limit(taken)), -32768, 32767).astype("<i2").tobytes()

    def _reset(self) -> None:
        self._mix[:] = 0
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


class MixedVoices:
    """A VoiceListener that puts everybody's speech into one stream."""

    def __init__(self, mixer: Mixer) -> None:
        self._mixer = mixer
        self._said: dict[str, int] = {}
        """Samples of each person, ever."""

    def speech(self, who: str, pcm: bytes) -> None:
        for at in range(0, len(pcm), 2 * DRIFT):
            piece = pcm[at : at + 2 * DRIFT]
            said = self._said.get(who, 0)
            self._mixer.feed(who, said, piece)
            self._said[who] = said + len(piece) // 2 & 0xFFFFFFFF

    def sound_began(self, who: str) -> None: ...
    def was_noise(self, who: str) -> None: ...
    def speech_began(self, who: str) -> None: ...
    def speech_paused(self, who: str) -> None: ...
    def speech_resumed(self, who: str) -> None: ...
    def turn_ended(self, who: str) -> None: ...


_: type[VoiceListener] = MixedVoices


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
