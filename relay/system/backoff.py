"""How long is waited between two tries of what failed."""

import random
import time
from collections.abc import Callable
from typing import Final

from tenacity import RetryCallState, wait_exponential

from relay.errors import RateLimited

Wait = Callable[[RetryCallState], float]
"""Seconds until the next try."""


def backoff(first: float, at_most: float) -> Wait:
    """Waits that double from `first` to `at_most` seconds; where a platform says how long, that long.

    Each is shortened by up to a half, so that many who lost the same thing at once do not all come back at once.
    """
    growing = wait_exponential(multiplier=first, max=at_most)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited):
            return error.retry_after
        return _shortened(growing(state))

    return wait


SETTLED: Final = 10.0
"""Seconds for which a connection has to have been well, for its end to be no sign that the next one ends as soon."""


class LossPauses:
    """How long is waited before a lost connection is made anew: longer each time, while they are lost soon."""

    def __init__(self, first: float, at_most: float, clock: Callable[[], float] = time.monotonic) -> None:
        """In seconds; what is drawn is up to a half shorter."""
        self._first = first
        self._at_most = at_most
        self._clock = clock
        self._in_vain = 0
        """How many in a row were lost soon."""
        self._well_since: float | None = None

    def is_well(self) -> None:
        """The connection is as it should be. To be said again changes nothing."""
        if self._well_since is None:
            self._well_since = self._clock()

    def next(self) -> float:
        """The connection is lost: seconds until the next."""
        if self._well_since is not None and self._clock() - self._well_since >= SETTLED:
            self._in_vain = 0
        longest = min(self._at_most, self._first * 2.0 ** min(self._in_vain, 30))
        self._in_vain, self._well_since = self._in_vain + 1, None
        return _shortened(longest)


def _shortened(seconds: float) -> float:
    """By up to a half, as chance has it."""
    return seconds * random.uniform(0.5, 1.0)
