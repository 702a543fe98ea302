"""The window of the console that this process runs in, on Windows: who closes it ends the process.

The C library takes that for SIGBREAK, and answers before anybody has heard of it; Windows ends the process then. With
a handler of our own it waits, for five seconds.

Who clicks into it selects text, and Windows holds whoever writes there until that is over: here that is the event loop.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

CLOSED: Final = 2
"""What Windows calls CTRL_CLOSE_EVENT."""
PATIENCE: Final = 4.5
"""Seconds the process may still last, a little less than Windows lets it."""
_INPUT: Final = -10
"""What Windows calls STD_INPUT_HANDLE."""
_QUICK_EDIT: Final = 0x0040
"""What Windows calls ENABLE_QUICK_EDIT_MODE: a click selects."""
_EXTENDED: Final = 0x0080
"""What Windows calls ENABLE_EXTENDED_FLAGS, without which it takes no notice of the one above."""


class ConsoleWindow:
    """Ends the work of this process when it is closed."""

    def __init__(self) -> None:
        self._end: Callable[[], None] | None = None
        self._over = threading.Event()
        self._handler: object = None

    def ends(self, work: Callable[[], None], over: threading.Event) -> None:
        """From now on its end calls `work`, in another thread, and the process lasts until `over`, or not for long."""
        self._end, self._over = work, over
        if self._handler is None:
            self._handler = _heard_by(self.told)

    def told(self, kind: int) -> bool:
        """Whether nobody else is to be told of this event. Windows calls it in a thread of its own."""
        if kind != CLOSED or self._end is None or self._over.is_set():
            return False
        with suppress(RuntimeError):  # the loop has ended at this moment
            self._end()
        self._over.wait(PATIENCE)
        return True


def _heard_by(told: Callable[[int], bool]) -> object:
    """The handler, for as long as the process lasts: taking it away would wait until it is through."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(told)
        ctypes.WinDLL("kernel32").SetConsoleCtrlHandler(handler, True)
        return handler
    return None


@contextmanager
def not_held_by_a_click() -> Iterator[None]:
    """While the context lasts a click selects nothing; then it does what it did before."""
    if sys.platform != "win32":
        yield
        return
    import ctypes
    from ctypes import wintypes

    kernel32 = ctypes.WinDLL("kernel32")
    console, mode = wintypes.HANDLE(kernel32.GetStdHandle(_INPUT)), wintypes.DWORD()
    if not kernel32.GetConsoleMode(console, ctypes.byref(mode)):  # input comes from elsewhere
        yield
        return
    kernel32.SetConsoleMode(console, mode.value & ~_QUICK_EDIT | _EXTENDED)
    try:
        yield
    finally:
        kernel32.SetConsoleMode(console, mode.value | _EXTENDED)


def closes_with_the_process() -> bool:
    """Whether nobody else runs in the window, as in one that the Start menu opened: nobody can read there what came
    last."""
    if sys.platform != "win32":
        return False
    import ctypes

    return bool(ctypes.WinDLL("kernel32").GetConsoleProcessList((ctypes.c_uint32 * 2)(), 2) == 1)


WINDOW: Final = ConsoleWindow()
