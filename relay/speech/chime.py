"""A short sound that says: understood."""

import uuid
from functools import cache
from typing import Final

import numpy as np

from relay.speech.base import RATE, Clip

NOTES: Final = (659.3, 880.0)
"""Hz: a fourth upwards, E5 and A5."""
NOTE: Final = 0.07
"""Seconds of each."""
LOUDNESS: Final = 0.15
"""Share of full scale; quieter than speech."""


def chime() -> Clip:
    """To be played once; it belongs to no reply and says nothing."""
    return Clip(id=f"chime-{uuid.uuid4().hex}", message_id="", text="", pcm=_sound())


@cache
def _sound() -> bytes:
    at = np.arange(round(NOTE * RATE)) / RATE
    fade = np.minimum(1.0, np.minimum(at, NOTE - at) / 0.01)
    tones = [LOUDNESS * fade * np.sin(2 * np.pi * pitch * at) for pitch in NOTES]
    return bytes((np.concatenate(tones) * 32767).astype("<i2").tobytes())
