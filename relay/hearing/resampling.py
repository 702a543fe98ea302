"""Sound of any rate, lowered to the one that is judged and recognised."""

from typing import Final

import av

from relay.hearing.base import HEARING_RATE

LONGEST: Final = 1.0
"""Seconds that are converted at once."""


class Resampler:
    """One stream's: what was before shapes what comes. Measured: 0.04 ms for 20 ms of 48 kHz."""

    def __init__(self, rate: int) -> None:
        """`rate` is that of the stream: samples a second."""
        self._rate = rate
        self._longest = 2 * int(rate * LONGEST)
        self._lowered = None if rate == HEARING_RATE else av.AudioResampler("s16", "mono", HEARING_RATE)

    def convert(self, pcm: bytes) -> bytes:
        """The samples (mono, signed 16 bit little-endian) at `HEARING_RATE`, up to 1 ms later than they came."""
        if self._lowered is None:
            return pcm
        pieces = (pcm[at : at + self._longest] for at in range(0, len(pcm) - 1, self._longest))
        return b"".join(self._convert(piece) for piece in pieces)

    def _convert(self, pcm: bytes) -> bytes:
        assert self._lowered is not None
        frame = av.AudioFrame("s16", "mono", len(pcm) // 2)
        frame.sample_rate = self._rate
        frame.planes[0].update(pcm[: 2 * frame.samples].ljust(frame.planes[0].buffer_size, b"\0"))
        return b"".join(bytes(low.planes[0])[: 2 * low.samples] for low in self._lowered.resample(frame))
