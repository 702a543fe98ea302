"""The mouth of the companion now: what is heard at the leading sink's position."""

from typing import Final

from relay.avatar.lip_shapes import CLOSED, LipShape, shape_at
from relay.speech.base import Clip
from relay.speech.playback import Playback

STALLED: Final = 0.1
"""Seconds a position may stand still, as one that is reported in steps does, before the mouth closes."""


class Mouth:
    """Closed as soon as nothing is heard, also where a sink is held back by somebody else."""

    def __init__(self, playback: Playback, loudness: float) -> None:
        """`loudness` in LUFS is that of all clips."""
        self._playback = playback
        self._loudness = loudness
        self._at: tuple[Clip | None, float] = None, 0.0
        self._moved_at = float("-inf")
        """When the position last was another one than before."""

    def shape(self, now: float) -> LipShape:
        """`CLOSED` itself while nothing is heard; `now` in seconds of any steady clock."""
        if (sounding := self._playback.sounding) is None:
            return CLOSED
        if sounding != self._at:
            self._at, self._moved_at = sounding, now
        if now - self._moved_at > STALLED:
            return CLOSED
        clip, seconds = sounding
        return shape_at(clip.pcm, seconds, self._loudness)
