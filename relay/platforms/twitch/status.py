"""How the adapter stands with Twitch, and patience with what passes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.errors import PlatformError
from relay.system.backoff import backoff

log = logging.getLogger(__name__)
T = TypeVar("T")
SETTLE = 1.0
"""Seconds between two looks at the subscriptions, however many Twitch takes away."""
PATIENCE = 8.0
"""Seconds that a wait between two tries grows to."""


class TwitchStatus:
    """What is told of the connection, and whether the channels are heard."""

    def __init__(self) -> None:
        self.listening = asyncio.Event()
        self._anew = asyncio.Event()
        self.state = "not started"
        """One line for people."""

    def heard(self, state: str) -> None:
        """All is as it should be."""
        self.state = state
        if not self.listening.is_set():
            self._anew.set()
        self.listening.set()

    async def heard_anew(self) -> None:
        """Return when the channels are heard after they were not, once for each time."""
        await self._anew.wait()
        self._anew.clear()

    def unheard(self, state: str) -> None:
        """Nothing is heard for now."""
        self.state = state
        self.listening.clear()

    async def patiently(self, step: Callable[..., Awaitable[T]], *args: Any, at_most: float = PATIENCE) -> T:
        """Do a step, again until it works; the pauses grow up to `at_most` seconds. Raises what only a person mends."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(PlatformError),
            wait=backoff(0.25, at_most),
            before_sleep=self._note_trouble,
        )
        return await retrying(step, *args)

    def _note_trouble(self, attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome else None
        if self.state != str(error):
            self.state = str(error)
            log.warning("%s; trying again", error)


async def settled(attention: asyncio.Event, every: float) -> None:
    """Wait until it is time for the next look: after `every` seconds, or soon after something asks for attention."""
    pause = min(SETTLE, every)
    await asyncio.sleep(pause)
    with suppress(TimeoutError):
        async with asyncio.timeout(every - pause):
            await attention.wait()
    attention.clear()
