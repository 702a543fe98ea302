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
        self._turned_at = -math.inf

    def told(self, message: AudienceMessage) -> None:
        """It has begun or ended."""
        self.is_live, self._turned_at = message.kind is Kind.ONLINE, self._clock()

    def answered(self, stream: Stream) -> None:
        """Thus it is now, or was a while ago."""
        if self._clock() >= self._turned_at + LAG:
            self.is_live = stream.is_live
