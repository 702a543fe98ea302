"""An event loop whose clock jumps to the next thing due: hours pass in milliseconds, and always in the same way."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
EPOCH = 1_700_000_000.0
"""The wall clock, in seconds since the epoch, when the loop begins."""
TICK = 1e-6
"""Seconds that each turn of the loop takes: without any, rounding can keep the time from coming that is waited for."""


class _Waiting(selectors.SelectSelector):
    """Waits for nothing but time, which passes at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everything waits for something that nothing will bring about")
        self.now += timeout + TICK
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code that waits for its own tasks and for time alone, not for sockets or threads."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        return self._waiting.now

    def wall(self) -> float:
        """Seconds since the epoch."""
        return EPOCH + self.time()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work returns, once it is done and in no time."""
        return self.run_until_complete(work)
