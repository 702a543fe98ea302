"""Where in a stream of sound somebody speaks: an energy gate that opens at once and closes after a while of silence."""

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

FRAME: Final = 0.02
"""Seconds over which loudness is measured."""
THRESHOLD: Final = -45.0
"""Loudness of speech, at least, in dBFS (RMS). Quiet speech is about -35, a quiet room -60."""
ONSET: Final = 3
"""Loud frames among the last five that are speech; fewer are a click."""
LEAD_IN: Final = 0.3
"""Seconds before the onset that belong to the utterance, for words begin softly."""
HANGOVER: Final = 0.8
"""Seconds of silence that end an utterance; pauses within a sentence are mostly shorter."""
LONGEST: Final = 30.0
"""Seconds after which an utterance is cut, which bounds what is kept. Transcription models take 30 s at once."""


@dataclass(frozen=True)
class Began:
    """Somebody speaks."""


@dataclass(frozen=True)
class Utterance:
    """Somebody spoke."""

    pcm: bytes
    """Mono, signed 16 bit little-endian, at the rate of the stream."""


class Endpointer:
    """Takes samples as they come, in pieces of any size: mono, signed 16 bit little-endian, `rate` a second."""

    def __init__(self, rate: int) -> None:
        self._frame = 2 * int(rate * FRAME)
        self._limit = 2.0**15 * 10 ** (THRESHOLD / 20)
        self._rest = b""
        self._before: deque[bytes] = deque(maxlen=round(LEAD_IN / FRAME))
        self._recent: deque[bool] = deque(maxlen=5)
        self._spoken: list[bytes] = []
        self._silent = 0
        """Frames of silence in a row."""

    @property
    def is_open(self) -> bool:
        """Whether somebody speaks."""
        return bool(self._spoken)

    def feed(self, pcm: bytes) -> Iterator[Began | Utterance]:
        """What the samples bring about."""
        data = self._rest + pcm
        end = len(data) // self._frame * self._frame
        self._rest = data[end:]
        for at in range(0, end, self._frame):
            yield from self._take(data[at : at + self._frame])

    def flush(self) -> Iterator[Utterance]:
        """The utterance that is not over, as there will be no more of it."""
        if self._spoken:
            yield self._close()
        self._rest = b""

    def _take(self, frame: bytes) -> Iterator[Began | Utterance]:
        loud = _rms(frame) >= self._limit
        if self._spoken:
            self._spoken.append(frame)
            self._silent = 0 if loud else self._silent + 1
            if self._silent * FRAME >= HANGOVER or len(self._spoken) * FRAME >= LONGEST:
                yield self._close()
            return
        self._before.append(frame)
        self._recent.append(loud)
        if sum(self._recent) >= ONSET:
            self._spoken = list(self._before)
            self._silent = 0
            yield Began()

    def _close(self) -> Utterance:
        pcm = b"".join(self._spoken)
        self._spoken = []
        self._before.clear()
        self._recent.clear()
        return Utterance(pcm)


def _rms(frame: bytes) -> float:
    samples = np.frombuffer(frame, "<i2").astype(np.float64)
    return math.sqrt(float(samples @ samples) / len(samples))
