"""What one process at a time does, while others stand by for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from relay.bus.bus import Bus
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

MakeSure = Callable[[], Awaitable[None]]
"""Returns while no other process does it. Raises InboxTaken once one does, and InboxError where Redis does not tell."""


async def alone(bus: Bus, space: str, work: Callable[[MakeSure], Awaitable[None]]) -> None:
    """Do it whenever no other process does, until it ends by itself. `space` names what there is once.

    Who wakes from a long sleep asks before it does anything: it is cancelled only a little later.
    """
    while True:
        checkpoint()
        lost = asyncio.Event()
        lease = bus.lease(space, on_loss=lost.set)
        await lease.stand_by()
        try:
            if await is_done_before(lost, partial(work, lease.make_sure)):
                return
            log.warning("standing by: another process took over %s while this one slept", space)
        finally:
            await lease.release()


async def is_done_before(end: asyncio.Event, work: Callable[[], Awaitable[None]]) -> bool:
    """Do it until it ends by itself, or is ended by the event. Whether it did."""

    async def working() -> None:
        await work()

    async with asyncio.TaskGroup() as tasks:
        both = tasks.create_task(working()), tasks.create_task(end.wait())
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        is_done = both[0].done()
        for each in both:
            each.cancel()
    return is_done
