"""A sign of life for supervisors such as Docker: a file in which a running relay says how it is."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from pathlib import Path
from threading import Lock

from relay.system.periodic import repeat
from relay.system.private_files import make_folder

log = logging.getLogger(__name__)

BEAT_EVERY = 10.0
"""Seconds between two beats."""
DEAD_AFTER = 45.0
"""Seconds without a beat after which the relay counts as stuck or gone."""


class _SignOfLife:
    """The file of one relay."""

    def __init__(self, path: Path, condition: Callable[[], str]) -> None:
        self.condition = condition
        self._path = path
        self._written: str | None = None
        """What the file has."""
        self._has_ended = False
        self._lock = Lock()

    def write(self, text: str) -> None:
        """In a thread; it may come to it only after the relay has ended."""
        with self._lock:
            if self._has_ended:
                return
            try:
                _touch_or_write(self._path, text, is_there=self._written == text)
                self._written = text
            except OSError as error:
                self._written = None
                log.warning("the sign of life cannot be written: %s", error)

    def end(self) -> None:
        """Remove the file, and write it no more."""
        with self._lock:  # what is written at this moment would be there again afterwards
            self._has_ended = True
            _remove(self._path)


class Heartbeat:
    """Of a process: one thread writes for all relays in it, however many they are."""

    def __init__(self, every: float = BEAT_EVERY) -> None:
        self._every = every
        self._signs: set[_SignOfLife] = set()
        self._beating: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def of(self, path: Path, condition: Callable[[], str]) -> AsyncIterator[None]:
        """Write the file for as long as the context lasts, then remove it.

        `condition` tells in a few lines how the relay is, though it runs. A disk that fails is not worth stopping for.
        """
        sign = _SignOfLife(path, condition)
        self._signs.add(sign)
        first = asyncio.create_task(self._write({sign}))
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat(), name="heartbeat", context=Context())
        try:
            yield
        finally:
            self._signs.remove(sign)
            ended = [first]
            if not self._signs:
                ended.append(self._beating)
                self._beating = None
            for task in ended:
                task.cancel()
            await asyncio.gather(*ended, return_exceptions=True)
            sign.end()

    async def _beat(self) -> None:
        await asyncio.sleep(self._every)
        await repeat(lambda: self._write(self._signs), self._every, "the sign of life")

    async def _write(self, signs: Collection[_SignOfLife]) -> None:
        await asyncio.to_thread(_write_all, [(sign, sign.condition()) for sign in signs])


def ailment(path: Path, now: float) -> str | None:
    """What is wrong with the relay that should touch this file, in one line; None when it is well."""
    try:
        age = now - path.stat().st_mtime
    except OSError:
        return f"no relay runs here: {path} is not there"
    if age < -DEAD_AFTER:  # the clock was set back since, and a relay that runs would have written again
        return f"no relay runs here, or it is stuck: {path} is {-age:.0f} s ahead of the clock"
    return f"the relay has been stuck for {age:.0f} s" if age > DEAD_AFTER else None


def condition(path: Path) -> str:
    """How the relay that writes this file is, in a few lines; "" when there is none."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def _write_all(texts: Iterable[tuple[_SignOfLife, str]]) -> None:
    for sign, text in texts:
        sign.write(text)


def _touch_or_write(path: Path, text: str, *, is_there: bool) -> None:
    """Write it, or touch the file that has it already, which costs next to nothing for hundreds of relays."""
    if is_there:
        with suppress(FileNotFoundError):
            os.utime(path)
            return
    make_folder(path.parent)
    path.write_text(text, "utf-8")


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
