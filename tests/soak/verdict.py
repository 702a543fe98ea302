"""Whether a figure that was taken over time levels off. Pure.

The rule: the first `WARM_UP` of the run is left out, since caches fill. What remains is halved. How much a half grew
is its Theil-Sen slope (the median over all pairs, which a few odd samples do not move) times its length. A figure is
level when the last half grew by no more than its bound allows: an amount that is allowed in any case, or a share of
the figure as it was in the half before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

WARM_UP: Final = 0.3
"""Share of the run."""
LEAST_SAMPLES: Final = 8
"""Below them there is nothing to judge."""


@dataclass(frozen=True)
class Bound:
    """How much a figure may grow in the last half."""

    least: float
    """In any case."""
    share: float = 0.0
    """Of the figure itself."""


@dataclass(frozen=True)
class Trend:
    """How a figure went."""

    before: float
    """What it grew by in the first half after warm-up."""
    growth: float
    """What it grew by in the last half."""
    allowed: float

    @property
    def is_level(self) -> bool:
        return self.growth <= self.allowed


def judge(times: Sequence[float], values: Sequence[float], bound: Bound) -> Trend:
    """How a figure went. Raises ValueError for fewer samples than can be judged."""
    if len(times) < LEAST_SAMPLES:
        raise ValueError(f"{len(times)} samples are too few to judge by: there have to be {LEAST_SAMPLES}")
    start = times[0] + WARM_UP * (times[-1] - times[0])
    warm = [(at, value) for at, value in zip(times, values, strict=True) if at >= start]
    middle = len(warm) // 2
    first, last = warm[: middle + 1], warm[middle:]
    allowed = max(bound.least, bound.share * median(value for _, value in first))
    return Trend(_growth(first), _growth(last), allowed)


def _growth(samples: Sequence[tuple[float, float]]) -> float:
    slopes = [(after - before) / (end - start) for (start, before), (end, after) in combinations(samples, 2)]
    return median(slopes) * (samples[-1][0] - samples[0][0])
