"""The window of the console that this process runs in, on Windows: who closes it ends the process.

The C library takes that for SIGBREAK, and answers before anybody has heard of it; Windows ends the process then. With
a handler of our own it waits, for five seconds.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

CLOSED: Final = 2
"""What Windows calls CTRL_CLOSE_EVENT."""
PATIENCE: Final = 4.5
"""Seconds the process may still last, a little less than Windows lets it."""


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


WINDOW: Final = ConsoleWindow()
