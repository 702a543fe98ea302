"""Small helps for tests: waiting for a condition, with a deadline."""

import asyncio
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds after which what was waited for counts as never coming. No verdict: it only ends a test that hangs."""


async def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Return as soon as the condition holds; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to offer
            await asyncio.sleep(0.005)
