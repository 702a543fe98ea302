"""In which order a process starts the companions that it is to lead: whom people wait for comes first."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

AT_ONCE: Final = 4
"""Companions that start at the same time: of a hundred at once each would be as late as the last."""
WITHIN: Final = 5.0
"""Seconds after which the next one starts although this one has not: what it waits for may never come."""


class Starts:
    """At most so many at the same time; of those that wait for their turn who has most to do is the next."""

    def __init__(self) -> None:
        self._free = AT_ONCE
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        """A heap: what each has to do, below zero, and a number by which whoever came first is first."""
        self._came = 0

    async def turn(self, waiting: int) -> "StartTurn":
        """Return once it may start. `waiting` is how much it has to do."""
        if self._free:
            self._free -= 1
            return StartTurn(self._pass_on)
        self._came += 1
        may_start = asyncio.get_running_loop().create_future()
        heappush(self._queue, (-waiting, self._came, may_start))
        try:
            await may_start
        except asyncio.CancelledError:
            if not may_start.cancelled():
                self._pass_on()
            raise
        return StartTurn(self._pass_on)

    def _pass_on(self) -> None:
        while self._queue:
            _, _, may_start = heappop(self._queue)
            if not may_start.done():
                may_start.set_result(None)
                return
        self._free += 1


class StartTurn:
    """Of one companion, until it ends or has taken long enough."""

    def __init__(self, pass_on: Callable[[], None]) -> None:
        self._pass_on = pass_on
        self._is_over = False
        self._limit = asyncio.get_running_loop().call_later(WITHIN, self.end)

    def end(self) -> None:
        """Let the next one start. Once more does nothing."""
        self._limit.cancel()
        if not self._is_over:
            self._is_over = True
            self._pass_on()
