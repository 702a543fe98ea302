"""The end of the process: on a signal in good order, on a second one at once, and after a deadline in any case.

Nothing that was accepted is lost by an end at once: the inbox is made for that. SIGTERM, by which services are ended,
lets a work that wants it bring to an end what it is at; Ctrl+C does not wait for that.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar, copy_context
from pathlib import PurePath
from types import FrameType
from typing import Any, Final, TypeVar

from relay.system.console_window import WINDOW, not_held_by_a_click
from relay.system.threads import Threads
from relay.text.printable import printable

T = TypeVar("T")

GRACE: Final = 9.0
"""Seconds the end may take. Docker kills after 10, and then nobody says what was stuck."""
CLOSING: Final = 4.0
"""Seconds of them that closing everything may need: the sum of what its parts may take, with room."""

_SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
"""What asks a process to end: SIGHUP when its terminal is closed; the last is Windows' alone, for Ctrl+Break."""

_deadline: "ContextVar[Deadline | None]" = ContextVar("deadline", default=None)


def run(work: Coroutine[Any, Any, T], *, grace: float = GRACE) -> T:
    """Run `work` as `asyncio.run` does. Raises CancelledError when a signal ended it.

    When the end takes longer than `grace` seconds the process says what is stuck and ends all the same.
    """
    deadline = Deadline(grace)
    try:
        with not_held_by_a_click():
            return asyncio.run(_until_told(work, deadline))
    finally:
        deadline.cancel()
        deadline.over.set()


def begin(reason: str) -> None:
    """From now on the end may take its time and no more. Of no effect in a process that `run` does not run."""
    if (deadline := _deadline.get()) is not None:
        deadline.start(reason, asyncio.get_running_loop())


@contextmanager
def asked_politely(within: float) -> Iterator[asyncio.Event]:
    """While the context lasts SIGTERM cancels nothing: the event is set, and the work ends itself `within` seconds."""
    asked = asyncio.Event()
    deadline = _deadline.get()
    if deadline is None:
        yield asked
        return
    deadline.politely = (asked, within)
    try:
        yield asked
    finally:
        deadline.politely = None


def averted() -> None:
    """The process does not end after all: what was to end has ended in time, and something else begins."""
    if (deadline := _deadline.get()) is not None:
        deadline.cancel()


def apart() -> Context:
    """For a task of which the end, in whatever way, does not concern the process: it neither begins nor averts that."""
    context = copy_context()
    context.run(_deadline.set, None)
    return context


class Deadline:
    """Ends the process some time after `start`, in a thread of its own, as the loop may be what is stuck."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._timer: threading.Timer | None = None
        self.politely: tuple[asyncio.Event, float] | None = None
        """What tells the work to end itself, and the seconds that it may take."""
        self.over = threading.Event()
        """Set when all has ended."""

    def ask(self, number: int, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether the work ends itself on this signal, and has been asked to."""
        if self.politely is None or number != signal.SIGTERM:
            return False
        asked, within = self.politely
        loop.call_soon_threadsafe(asked.set)
        self.start(signal.Signals(number).name, loop, max(self._grace, within + CLOSING))
        return True

    def start(self, reason: str, loop: asyncio.AbstractEventLoop, grace: float | None = None) -> None:
        """From now on the tasks of this loop are to end. Only the first reason counts."""
        if self._timer is None:
            self._timer = threading.Timer(grace or self._grace, self._end, (reason, grace or self._grace, loop))
            self._timer.daemon = True
            self._timer.start()

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, reason: str, grace: float, loop: asyncio.AbstractEventLoop) -> None:
        lines = [f"{reason}, and the process did not end within {grace:g} s. It was stuck in:", *stuck(loop)]
        try:
            sys.stderr.write("\n  ".join(map(printable, lines)) + "\n")
            sys.stderr.flush()
        finally:
            os._exit(1)


def stuck(loop: asyncio.AbstractEventLoop) -> list[str]:
    """What keeps the process from ending, one line each: where its main thread is, and where its tasks wait."""
    main = sys._current_frames().get(threading.main_thread().ident or 0)
    tasks = sorted(f"{task.get_name()}: {_waiting_in(task)}" for task in asyncio.all_tasks(loop))
    return [f"the main thread: {_place(main)}", *tasks]


def _waiting_in(task: asyncio.Task[Any]) -> str:
    """The innermost place of the relay's own that the task waits in."""
    place = ""
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame = getattr(waiting, "cr_frame", None) or getattr(waiting, "gi_frame", None)
        if frame is not None and (not place or frame.f_globals.get("__name__", "").startswith("relay.")):
            place = _place(frame)
        waiting = getattr(waiting, "cr_await", None) or getattr(waiting, "gi_yieldfrom", None)
    return place


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return "nowhere"
    return f"{'/'.join(PurePath(frame.f_code.co_filename).parts[-3:])}:{frame.f_lineno} in {frame.f_code.co_name}"


async def _until_told(work: Coroutine[Any, Any, T], deadline: Deadline) -> T:
    _deadline.set(deadline)
    asyncio.get_running_loop().set_default_executor(Threads())
    task = asyncio.ensure_future(work)
    with _ending_on_signals(task, deadline):
        try:
            return await task
        finally:
            begin("the work ended")


def _is_heeded(name: str) -> bool:
    """Not where there is no such signal, nor a terminal's end where that was to be outlasted, as with `nohup`."""
    number = getattr(signal, name, None)
    return number is not None and (name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN)


@contextmanager
def _ending_on_signals(task: asyncio.Task[Any], deadline: Deadline) -> Iterator[None]:
    """The first signal cancels the task, the second one has its default effect: the process is gone.

    But for SIGHUP, which the shell and the system both send when a terminal is closed.
    """
    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in _SIGNALS if _is_heeded(name)]

    hangup = getattr(signal, "SIGHUP", None)
    ended = False

    def end(number: int, _: FrameType | None = None) -> None:
        nonlocal ended
        if ended:
            return
        ended = True
        for each in numbers:
            signal.signal(each, signal.SIG_IGN if each == hangup else signal.SIG_DFL)
        if not deadline.ask(number, loop):
            loop.call_soon_threadsafe(task.cancel)
            deadline.start(signal.Signals(number).name, loop)

    def close() -> None:
        nonlocal ended
        if not ended:
            ended = True
            loop.call_soon_threadsafe(task.cancel)
            deadline.start("the window was closed", loop, CLOSING)

    with suppress(NotImplementedError):  # Windows' loop wakes up by itself
        for number in numbers:
            loop.add_signal_handler(number, end, number)  # so that a loop that sleeps wakes up
    # It is not left to the loop alone, as that may be what is stuck.
    before = {number: signal.signal(number, end) for number in numbers}
    WINDOW.ends(close, deadline.over)  # after the C library, as the last one is asked first
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is end:
                signal.signal(number, handler)
