"""A short sound that says: understood."""

import math
import sys
import uuid
from array import array
from functools import cache
from typing import Final

from relay.speech.base import RATE, Clip

NOTES: Final = (659.3, 880.0)
"""Hz: a fourth upwards, E5 and A5."""
NOTE: Final = 0.07
"""Seconds of each."""
LOUDNESS: Final = 0.15
"""Share of full scale; quieter than speech."""
FADE: Final = 0.01
"""Seconds in which each comes and goes, so that none clicks."""


def chime() -> Clip:
    """To be played once; it belongs to no reply and says nothing."""
    return Clip(id=f"chime-{uuid.uuid4().hex}", message_id="", text="", pcm=_sound())


@cache
def _sound() -> bytes:
    samples = array("h", (round(32767 * _level(pitch, at)) for pitch in NOTES for at in range(round(NOTE * RATE))))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _level(pitch: float, sample: int) -> float:
    at = sample / RATE
    fade = min(1.0, at / FADE, (NOTE - at) / FADE)
    return LOUDNESS * fade * math.sin(2 * math.pi * pitch * at)
