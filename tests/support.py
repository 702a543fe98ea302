"""Small helps for tests: waiting for a condition with a deadline, running something beside the test."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

PATIENCE = 120.0
"""Seconds after which what was waited for counts as never coming. No verdict: it only ends a test that hangs."""


def open_files() -> Counter[str]:
    """What this process has open, on Linux; elsewhere nothing is known of it."""
    found: Counter[str] = Counter()
    for each in Path("/proc/self/fd").glob("*"):
        with suppress(FileNotFoundError):  # a thread may close it at this moment
            found[str(each.readlink())] += 1
    return found


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return as soon as the condition holds; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.005)


async def turns(count: int = 5) -> None:
    """Let others run that have nothing to wait for."""
    for _ in range(count):
        await asyncio.sleep(0)


@asynccontextmanager
async def alongside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run what never ends by itself for as long as the context lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def cpu_time(work: Callable[[], object], tries: int = 3) -> float:
    """Seconds of this thread's own time that the work takes at best, whatever else the machine does."""
    times = []
    for _ in range(tries):
        began = time.thread_time()
        work()
        times.append(time.thread_time() - began)
    return min(times)


def examples(thorough: int) -> int:
    """How many examples a property is tried with: all of them in a search, and a quarter in every other run."""
    from hypothesis import settings

    assert settings.default is not None
    return thorough * settings.default.max_examples // 100


async def no_metrics() -> bytes:
    """Nothing is measured."""
    return b""
