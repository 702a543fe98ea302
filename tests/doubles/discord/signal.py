"""Waiting for a condition instead of for luck."""

import asyncio
from collections.abc import Callable

from tests.support import PATIENCE


class Signal:
    """Announces that something changed, so that waiters look again."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def notify(self) -> None:
        self._changed.set()

    async def wait_until(self, true: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
        """Return once `true()` holds. Raises AssertionError naming `what` after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while not true():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {timeout} s in vain for {what}") from None
