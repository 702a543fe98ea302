"""Clips for the overlay: their samples say where in the clip they are."""

import secrets

import numpy as np

from relay.speech.base import RATE, Clip


def clip(text: str = "Hello there.", seconds: float = 1.0, *, pcm: bytes | None = None, speaker: str = "") -> Clip:
    """A clip whose samples rise from 1 to nearly full scale, so that each tells its place."""
    samples = np.linspace(1, 32_000, round(seconds * RATE)).astype("<i2").tobytes() if pcm is None else pcm
    return Clip(id=secrets.token_urlsafe(16), message_id="reply", text=text, pcm=samples, speaker=speaker)
