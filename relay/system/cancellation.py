"""Cancellation that does not get lost.

Libraries can swallow it: on Python 3.11 `asyncio.wait_for` returns the result when what it waits for completes in the
moment of the cancellation. Whoever then goes on to the next turn of a loop never ends.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def checkpoint() -> None:
    """Raise CancelledError when this task was asked to end, whether or not it has heard of it: the head of a loop."""
    if _requests():
        raise asyncio.CancelledError


@contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Raise CancelledError at the end of the block when this task was asked to end meanwhile and nothing told it."""
    before = _requests()
    try:
        yield
    finally:
        if _requests() > before:
            raise asyncio.CancelledError


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Do what must not be left half done. Who is cancelled meanwhile ends when it is done."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


def _requests() -> int:
    """How often this task was asked to end; what a timeout asked and took back does not count."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
