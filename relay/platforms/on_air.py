"""Whether there is a stream, which a platform both tells and answers."""

import math
from collections.abc import Callable
from typing import Final

from relay.model import AudienceMessage, Kind
from relay.platforms.base import Stream

LAG: Final = 600.0
"""Seconds for which a platform may answer as before once it has told of a stream's begin or end."""


class OnAir:
    """What a platform told lately counts over what it answers."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.is_live: bool | None = None
        """None while nobody knows."""
        self._told_at = -math.inf
        self._heard_at = -math.inf
        """The same in seconds since the epoch."""

    def told(self, message: AudienceMessage) -> None:
        """It has begun or ended."""
        self.is_live = message.kind is Kind.ONLINE
        self._told_at, self._heard_at = self._clock(), message.at

    def answered(self, stream: Stream) -> None:
        """Thus it is now, or was a while ago. A stream that began after what was told is not one of before."""
        is_newer = stream.is_live and stream.began > self._heard_at
        if is_newer or self._clock() >= self._told_at + LAG:
            self.is_live = stream.is_live
