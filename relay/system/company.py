"""Waking up for several things at once."""

import asyncio


class Company:
    """An event that may wait for company: what comes until it is set is dealt with together, at the price of one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """Wake who waits now."""
        self._event.set()

    def set_within(self, seconds: float) -> None:
        """Wake who waits that many seconds from now at the latest."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._event.set)

    async def wait(self) -> None:
        """Until it is set; the next wait is for what comes then."""
        await self._event.wait()
        self._event.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
