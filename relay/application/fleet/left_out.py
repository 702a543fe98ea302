"""What accounts of a platform hear where no companion is: it goes nowhere, and that is told."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from relay.system.bounded import remember

log = logging.getLogger(__name__)

TOLD_AGAIN: Final = 3_600.0
"""Seconds after which the same place is told of once more."""
REMEMBERED: Final = 1_000
"""Places of which it is known when they were told of."""


class LeftOut:
    """See Measured. Counts every message, and logs each place now and then."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.registry = CollectorRegistry()
        self._clock = clock
        self._count = Counter(
            "relay_left_out",
            "What happened in places that no companion of the fleet has.",
            ["platform"],
            registry=self.registry,
        )
        self._told: OrderedDict[str, float] = OrderedDict()

    async def look(self) -> None:
        """See Measured: nothing has to be asked for."""

    def note(self, platform: str, place: str) -> None:
        """Something happened there."""
        self._count.labels(platform).inc()
        now = self._clock()
        if now - self._told.get(place, -TOLD_AGAIN) < TOLD_AGAIN:
            return
        remember(self._told, place, now, REMEMBERED)
        log.warning("%s: what happens in %s is for no companion", platform, place)
