"""What time it is for the relay, whatever becomes of the machine's clock while it runs.

A computer that starts with a wrong clock sets it minutes later, by hours or days. Ages that were taken across that
would let everything that waits expire, or nothing ever. So that clock is read once, and time passes from there.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

_STEADY: Final = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}.get(sys.platform)
passing: Final[Callable[[], float]] = (
    partial(time.clock_gettime, getattr(time, _STEADY)) if _STEADY is not None else time.monotonic
)
"""Seconds since some moment, never set by anybody; they pass while the machine sleeps as well."""


class WallClock:
    """Seconds since the epoch, as the machine's clock had them at the start."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = passing) -> None:
        self._steady = steady
        self._ahead = wall() - steady()

    def __call__(self) -> float:
        return self._ahead + self._steady()


now = WallClock()
"""The one clock by which messages are dated, kept and aged. Times for people are the machine's."""
