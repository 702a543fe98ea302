"""A relay that is ended by whoever runs services says what it has begun, and leaves the rest to who comes next."""

import asyncio
import logging
from contextlib import suppress

from relay.application.composition import Relay
from relay.system import service_manager, shutdown

log = logging.getLogger(__name__)


async def until_drained(relay: Relay, task: asyncio.Task[None], within: float) -> None:
    """Return when the relay was drained, as SIGTERM has come. `task` is the relay's; raises what that fails with."""
    with shutdown.asked_politely(within) as asked:
        service_manager.notify(service_manager.READY)
        asking = asyncio.create_task(asked.wait(), name="until asked to end")
        try:
            await asyncio.wait({task, asking}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                service_manager.notify(service_manager.STOPPING)
                log.info("asked to end: nothing new is told, and what is being said gets %g s", within)
                await drain(relay, within)
        finally:
            asking.cancel()
    if task.done():
        await task


async def drain(relay: Relay, within: float) -> None:
    """Begin no answer any more, and have the one under way heard and posted. What comes in is stored, and waits."""
    relay.forwarder.rests = True
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await relay.quiet()
