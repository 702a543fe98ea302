"""The keys of the terminal as they are pressed, one by one and unechoed, on every system.

The terminal is only taken while this process is in front in it, and given back as it was.
"""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

ENTER: Final = "enter"
ESCAPE: Final = "escape"
UP: Final = "up"
DOWN: Final = "down"
_NAMED: Final = {"\r": ENTER, "\n": ENTER, "\x1b": ESCAPE}
_ARROWS: Final = {"\x1b[A": UP, "\x1b[B": DOWN, "\x1bOA": UP, "\x1bOB": DOWN, "\xe0H": UP, "\xe0P": DOWN}
"""As terminals send them in either of their modes, and as Windows tells them."""
_KEYS_KEPT: Final = 64
"""What is typed faster than it is looked at is forgotten."""
_WINDOWS_ENDS: Final = 0.2
"""Seconds the thread that looks for keys on Windows has to end; after half a key it waits for the other half, which
may never come."""
_WINDOWS_POLL: Final = 0.03
"""Seconds between two looks for a key on Windows, where nothing tells that there is one."""


def keys_in(typed: str) -> Iterator[str]:
    """The keys in what a terminal sent at once. Those without a name here, such as F1, are passed over."""
    at = 0
    while at < len(typed):
        if (arrow := _ARROWS.get(typed[at : at + 3]) or _ARROWS.get(typed[at : at + 2])) is not None:
            yield arrow
            at += 2 if typed[at] == "\xe0" else 3
        elif typed[at] == "\x1b" and len(typed) > at + 1:
            return
        else:
            yield _NAMED.get(typed[at], typed[at])
            at += 1


class Keyboard:
    """One that nobody can press keys on: standard input is no terminal."""

    def __init__(self) -> None:
        self._pressed: asyncio.Queue[str] = asyncio.Queue(_KEYS_KEPT)

    @property
    def is_there(self) -> bool:
        """Whether a key can be pressed now."""
        return False

    async def next(self, within: float) -> str | None:
        """The next key: what it writes, or its name. None when none was pressed for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                return await self._pressed.get()
        return None

    def _put(self, typed: str) -> None:
        for key in keys_in(typed):
            with suppress(asyncio.QueueFull):
                self._pressed.put_nowait(key)

    def close(self) -> None:
        """Give the terminal back as it was."""


@asynccontextmanager
async def keyboard() -> AsyncIterator[Keyboard]:
    """The keyboard of the terminal that this process has."""
    opened = Keyboard()
    with suppress(OSError, ValueError, AttributeError):  # no standard input at all, as under pythonw
        if sys.stdin.isatty():
            opened = _of_the_system(sys.stdin.fileno())
    try:
        yield opened
    finally:
        opened.close()


if sys.platform == "win32":
    import msvcrt

    class ConsoleKeyboard(Keyboard):
        """A thread looks, as a console cannot be waited for beside sockets."""

        def __init__(self, _: int) -> None:
            super().__init__()
            self._ended = threading.Event()
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._look, name="keyboard", daemon=True)
            self._thread.start()

        @property
        def is_there(self) -> bool:
            return True

        def _look(self) -> None:
            while not self._ended.wait(_WINDOWS_POLL):
                while msvcrt.kbhit():
                    typed = msvcrt.getwch()
                    if typed in "\0\xe0":  # a key without a character comes in two parts
                        typed = "\xe0" + msvcrt.getwch()
                    with suppress(RuntimeError):
                        self._loop.call_soon_threadsafe(self._put, typed)

        def close(self) -> None:
            self._ended.set()
            self._thread.join(_WINDOWS_ENDS)

    _of_the_system = ConsoleKeyboard
else:
    import termios
    import tty

    class TerminalKeyboard(Keyboard):
        """In the terminal's `cbreak` mode, in which Ctrl+C stays what it is.

        Ctrl+S does not: it would stop the terminal, and with that whatever writes to it.
        """

        def __init__(self, descriptor: int) -> None:
            super().__init__()
            self._descriptor = descriptor
            self._before: list[Any] | None = None

        async def next(self, within: float) -> str | None:
            self._look()
            return await super().next(within)

        @property
        def is_there(self) -> bool:
            return self._before is not None

        def _look(self) -> None:
            """Take the terminal whenever this process is in front: a shell changes that, and sets the mode anew."""
            try:
                if os.tcgetpgrp(self._descriptor) != os.getpgrp():
                    self._leave()
                elif self._before is None or termios.tcgetattr(self._descriptor)[3] & termios.ICANON:
                    self._take()
            except (OSError, termios.error):
                self._leave()

        def _take(self) -> None:
            if self._before is None:
                self._before = termios.tcgetattr(self._descriptor)
                asyncio.get_running_loop().add_reader(self._descriptor, self._read)
            tty.setcbreak(self._descriptor, termios.TCSADRAIN)
            mode = termios.tcgetattr(self._descriptor)
            mode[0] &= ~termios.IXON
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)

        def _leave(self) -> None:
            if self._before is not None:
                self._before = None
                asyncio.get_running_loop().remove_reader(self._descriptor)

        def _read(self) -> None:
            try:
                typed = os.read(self._descriptor, 64)
            except OSError:
                typed = b""
            if typed:
                self._put(typed.decode("utf-8", "ignore"))
            else:  # the terminal is gone
                self._leave()

        def close(self) -> None:
            before = self._before
            self._leave()
            with suppress(OSError, termios.error):
                if before is not None and os.tcgetpgrp(self._descriptor) == os.getpgrp():
                    termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    _of_the_system = TerminalKeyboard
