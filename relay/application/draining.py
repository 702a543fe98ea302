"""A relay that is ended by whoever runs services says what it has begun, and leaves the rest to who comes next."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

from relay.application.composition import Relay

if TYPE_CHECKING:  # it loads what measures
    from relay.application.watching import Watch

log = logging.getLogger(__name__)

RESTING: Final = 1.0
"""Seconds in which platforms can be told that nobody will be there."""


async def until_drained(
    relay: Relay, task: asyncio.Task[None], watch: "Watch", is_left: asyncio.Event | None = None
) -> None:
    """Return when the relay was drained, as SIGTERM has come, or as it is left to another process.

    `task` is the relay's; raises what that fails with.
    """
    events = [watch.asked] if is_left is None else [watch.asked, is_left]
    asking = [asyncio.create_task(each.wait(), name="until asked to end") for each in events]
    with watch.finishing_this():
        try:
            await asyncio.wait({task, *asking}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                if watch.asked.is_set():
                    watch.ends()
                log.info("asked to end: nothing new is told, and what is being said gets %g s", watch.drain)
                await drain(relay, watch.drain)
        finally:
            for each in asking:
                each.cancel()
    if task.done():
        await task


async def drain(relay: Relay, within: float) -> None:
    """Begin no answer any more, and have the one under way heard and posted. What comes in is stored, and waits."""
    relay.forwarder.rests = True
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await relay.quiet()


@asynccontextmanager
async def leaving(relay: Relay, *, is_followed: Callable[[], bool]) -> AsyncIterator[None]:
    """At the end nothing is left on offer that nobody would answer, unless another relay follows at once."""
    try:
        yield
    finally:
        if not is_followed():
            with suppress(TimeoutError):
                async with asyncio.timeout(RESTING):
                    await relay.points.rest()
