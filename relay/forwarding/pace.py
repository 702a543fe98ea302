"""How much comes in, and whether the room is loud: whether that is more than can be answered one by one."""

import math
from typing import Final

PACE_MEMORY: Final = 20.0
"""Seconds over which the room's pace is averaged."""


class RoomPace:
    """Times are in seconds of one clock."""

    def __init__(self, loud_per_minute: float) -> None:
        self._loud_per_minute = loud_per_minute
        self._pace = 0.0
        self._paced_at = 0.0

    def count(self, now: float) -> None:
        """A message has come in."""
        self._pace = self._pace_at(now) + 60.0 / PACE_MEMORY
        self._paced_at = now

    def is_loud(self, now: float) -> bool:
        return self._pace_at(now) > self._loud_per_minute

    def _pace_at(self, now: float) -> float:
        """Messages a minute."""
        return self._pace * math.exp(-max(0.0, now - self._paced_at) / PACE_MEMORY)
