"""Letting others have their turn who share this thread, such as the other companions of one process."""

import asyncio
import time
from typing import Final

LOOK_EVERY: Final = 0.002
"""Seconds between two looks at how busy the thread is."""
BUSY: Final = 0.25
"""Share of the time that it works: with more, somebody waits."""
AT_MOST: Final = 0.1
"""Seconds for which one gives way to others who are always busy."""


async def give_way() -> None:
    """Return when nobody else has much to do, or when they have been at it for long enough.

    Who hands over much work in small parts calls it after each: what a part sets off is done before the next, and who
    asks for little meanwhile waits for one part alone.
    """
    now = asyncio.get_running_loop().time
    until = now() + AT_MOST
    while now() < until:
        looked, used = now(), time.thread_time()
        await asyncio.sleep(LOOK_EVERY)
        if time.thread_time() - used < BUSY * (now() - looked):
            return
