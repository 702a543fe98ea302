"""What of the companion's voice is in the air, moment by moment."""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Final

RATE: Final = 48_000
"""Samples a second of what is played; mono, signed 16 bit little-endian."""
_KEPT: Final = 2.0
"""Seconds."""
_JOINED: Final = 0.1
"""Seconds by which a player may be late or early with what follows, and still plays it right behind."""


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
            if last is not None and last.pcm is pcm and last.start + last.count == start and at - last.end <= _JOINED:
                last.count += count  # a player that makes up for a delay is early: those who listen queue what comes
                return
            if last is not None and abs(last.end - at) <= _JOINED:
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

    def between(self, begin: float, count: int) -> bytes:
        """`count` samples that were played from `begin` on; silence where there was none."""
        sound = bytearray(2 * count)
        with self._lock:
            for each in self._stretches:
                first = round((each.at - begin) * RATE)
                low, high = max(0, first), min(count, first + each.count)
                if low < high:
                    begins = 2 * (each.start + low - first)
                    samples = each.pcm[begins : begins + 2 * (high - low)]
                    sound[2 * low : 2 * low + len(samples)] = samples
        return bytes(sound)

    def _end(self, at: float) -> None:
        while self._stretches and self._stretches[-1].at >= at:
            self._stretches.pop()
        if self._stretches:
            last = self._stretches[-1]
            last.count = min(last.count, max(0, round((at - last.at) * RATE)))
