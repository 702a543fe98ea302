"""How much lies in the durable lists between processes: what operators call lag."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from relay.errors import InboxError
from relay.system.readiness import LOOK_WITHIN

EVERY_COMPANION: Final = ""
"""Stands in for a name where something is told of all of them together."""


class StreamLengths:
    """Of some streams, by their names. What Redis does not tell in time is no number."""

    def __init__(self, streams: Mapping[str, Callable[[], Awaitable[int]]]) -> None:
        self.registry = CollectorRegistry()
        self._streams = streams
        self._lengths = Gauge(
            "relay_stream_length", "What is not worked off yet, between processes.", ["stream"], registry=self.registry
        )

    async def look(self) -> None:
        """See Measured."""
        found = await asyncio.gather(*map(_within, self._streams.values()))
        for name, length in zip(self._streams, found, strict=True):
            self._lengths.labels(name).set(length)


async def _within(length: Callable[[], Awaitable[int]]) -> float:
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            return await length()
    except (InboxError, TimeoutError):
        return math.nan
