"""Work that goes on for as long as it takes: each piece starts, fails and ends alone."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Final, Generic, TypeVar

from relay.errors import RelayError, causes
from relay.system import shutdown
from relay.system.cancellation import checkpoint

SOON: Final = 1.0
"""Seconds after which what ended, and is to go on, begins anew: whoever had it in between may be gone by then."""
AGAIN: Final = (5.0, 60.0)
"""Seconds after which what failed is tried again: at first, and at most."""
JITTER: Final = (0.8, 1.2)

K = TypeVar("K", bound=Hashable)


class Keeper(Generic[K]):
    """Pieces of work by their keys."""

    def __init__(self, failed: Callable[[K, ExceptionGroup[Exception]], None]) -> None:
        """`failed` is told of each failure."""
        self._failed = failed
        self._tasks: dict[K, asyncio.Task[None]] = {}

    def __contains__(self, key: K) -> bool:
        return key in self._tasks

    def __iter__(self) -> Iterator[K]:
        """What was started and not ended."""
        return iter(list(self._tasks))

    def start(self, key: K, work: Callable[[], Awaitable[bool]], name: str) -> None:
        """Do it until it returns False: again soon when it returns True, and after growing pauses when it failed."""
        self._tasks[key] = asyncio.create_task(self._keep(key, work), name=name, context=shutdown.apart())

    async def end(self, *keys: K) -> None:
        """Cancel these, and wait for them. What was not started is none of them."""
        ending = [self._tasks.pop(key) for key in dict.fromkeys(keys) if key in self._tasks]
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    async def _keep(self, key: K, work: Callable[[], Awaitable[bool]]) -> None:
        after_failure = AGAIN[0]
        while True:
            checkpoint()  # what fails while it is ended hides that it was
            pause = SOON
            try:
                if not await work():
                    return
                after_failure = AGAIN[0]
            except* Exception as group:
                self._failed(key, group)
                pause, after_failure = after_failure, min(2 * after_failure, AGAIN[1])
            await asyncio.sleep(pause * random.uniform(*JITTER))


def log_failure(log: logging.Logger, what: str, group: ExceptionGroup[Exception]) -> str:
    """Log why this failed: what people can act on, in one line, or else all there is to know. Returns the line."""
    found = causes(group)
    told = "; ".join(dict.fromkeys(str(each) for each in found if isinstance(each, RelayError)))
    line = told or f"a mistake of the relay ({type(found[0]).__name__})"
    log.error("%s: %s", what, line, exc_info=None if told else group)
    return line
