"""How long is waited between two tries of what failed."""

import random
from collections.abc import Callable

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
        return growing(state) * random.uniform(0.5, 1.0)

    return wait
