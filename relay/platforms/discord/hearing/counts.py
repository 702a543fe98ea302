"""How well hearing goes: counters, and the alarm when packets come in but none can be opened."""

from collections.abc import Callable
from typing import Final, Literal

DEAF_AFTER: Final = 5.0
"""Seconds of packets of which none could be opened, after which somebody should know."""

Failure = Literal["unreadable", "sealed", "unnamed", "broken"]


class Counts:
    """Written by the thread that reads the socket, read by the event loop."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failing_since: float | None = None
        self._failed_at = 0.0
        self.received = 0
        """Audio packets of anybody."""
        self.decrypted = 0
        """Of people who are heard, fully opened."""
        self.decoded = 0
        """Of those, turned into sound."""
        self.made_up = 0
        """Frames that were lost on the way and made up for."""
        self.undecodable = 0
        """Opened, but no Opus."""
        self.failures: dict[Failure, int] = {"unreadable": 0, "sealed": 0, "unnamed": 0, "broken": 0}
        """Not opened: the transport's key is wrong, the end-to-end key is, the speaker is unknown, a defect."""

    def fail(self, failure: Failure) -> None:
        """A packet could not be opened."""
        now = self._clock()
        if self._failing_since is None or now - self._failed_at > DEAF_AFTER:
            self._failing_since = now
        self._failed_at = now
        self.failures[failure] += 1

    def succeed(self) -> None:
        """A packet was opened."""
        self.decrypted += 1
        self._failing_since = None

    @property
    def is_deaf(self) -> bool:
        """Packets have been coming in for a while, and none could be opened."""
        since, now = self._failing_since, self._clock()
        return since is not None and now - since >= DEAF_AFTER and now - self._failed_at < DEAF_AFTER

    def __str__(self) -> str:
        failures = ", ".join(f"{count} {failure}" for failure, count in self.failures.items() if count)
        return f"{self.received} in, {self.decrypted} decrypted, {self.decoded} decoded; {failures or 'no failures'}"
