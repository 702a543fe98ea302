"""What is done again and again beside the talk, and must never end the run."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from relay.errors import RelayError
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

AGAIN: Final = 1.0
"""Seconds after which a room that others can do without begins anew, when a mistake of ours has ended it."""


async def repeat(job: Callable[[], Awaitable[object]], every: float, what: str, *, together: bool = False) -> NoReturn:
    """Do the job, and again after `every` seconds, until cancelled. A job that fails is logged as `what` failing.

    `together`: in the same moments as all that is repeated as often, for what takes next to no time.
    """
    while True:
        checkpoint()
        try:
            await job()
        except RelayError as error:
            log.warning("%s failed: %s; trying again in %g s", what, error, every)
        except Exception:
            log.exception("%s failed; trying again in %g s", what, every)
        await asyncio.sleep(until_multiple_of(every) if together else every)


def until_multiple_of(seconds: float) -> float:
    """The wait until a moment that is the same for all in this process, which wakes but once for hundreds of them."""
    return seconds - asyncio.get_running_loop().time() % seconds
