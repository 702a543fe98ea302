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


async def repeat(job: Callable[[], Awaitable[object]], every: float, what: str) -> NoReturn:
    """Do the job, and again after `every` seconds, until cancelled. A job that fails is logged as `what` failing."""
    while True:
        checkpoint()
        try:
            await job()
        except RelayError as error:
            log.warning("%s failed: %s; trying again in %g s", what, error, every)
        except Exception:
            log.exception("%s failed; trying again in %g s", what, every)
        await asyncio.sleep(every)
