"""Threads for what blocks: each work has one of its own, so that what never returns holds up nothing else.

A name is looked up until some server of names answers, and a keyring may wait for its password for ever. The threads
that asyncio has by itself are few, and it waits for all of them at the end, as Python does.
"""

import threading
from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

LAST: Final = 1.0
"""Seconds that are left at the end to what is under way: a file is written by then."""


class Threads(futures.ThreadPoolExecutor):
    """For a loop's `set_default_executor`, which takes no other kind: `asyncio.to_thread` and its look-ups use it."""

    def __init__(self) -> None:
        super().__init__()
        self._under_way: set[futures.Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> futures.Future[T]:
        """See Executor."""
        future: futures.Future[T] = futures.Future()
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        work = partial(fn, *args, **kwargs)
        threading.Thread(target=_do, args=(work, future), name="work", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See Executor. It waits for a moment and no longer."""
        if wait:
            futures.wait(tuple(self._under_way), LAST)


def _do(work: Callable[[], T], future: futures.Future[T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # it is raised where the work is awaited
        future.set_exception(error)
    finally:
        del future  # the error has this frame, and the future has the error
