"""A sign of life for supervisors such as Docker: a file in which a running relay says how it is."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from pathlib import Path

from relay.system.periodic import repeat
from relay.system.private_files import make_folder

log = logging.getLogger(__name__)

BEAT_EVERY = 10.0
"""Seconds between two beats."""
DEAD_AFTER = 45.0
"""Seconds without a beat after which the relay counts as stuck or gone."""


class Heartbeat:
    """Of a process: one thread writes for all relays in it, however many they are."""

    def __init__(self, every: float = BEAT_EVERY) -> None:
        self._every = every
        self._relays: dict[Path, Callable[[], str]] = {}
        self._beating: asyncio.Task[None] | None = None
        self._written: dict[Path, str] = {}
        """What each file has."""

    @asynccontextmanager
    async def of(self, path: Path, condition: Callable[[], str]) -> AsyncIterator[None]:
        """Write the file for as long as the context lasts, then remove it.

        `condition` tells in a few lines how the relay is, though it runs. A disk that fails is not worth stopping for.
        """
        self._relays[path] = condition
        first = asyncio.create_task(self._write({path: condition}))
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat(), name="heartbeat", context=Context())
        try:
            yield
        finally:
            del self._relays[path]
            ended = [first]
            if not self._relays:
                ended.append(self._beating)
                self._beating = None
            for task in ended:
                task.cancel()
            await asyncio.gather(*ended, return_exceptions=True)
            _remove(path)
            self._written.pop(path, None)

    async def _beat(self) -> None:
        await asyncio.sleep(self._every)
        await repeat(lambda: self._write(self._relays), self._every, "the sign of life")

    async def _write(self, relays: Mapping[Path, Callable[[], str]]) -> None:
        await asyncio.to_thread(self._write_all, {path: condition() for path, condition in relays.items()})

    def _write_all(self, texts: Mapping[Path, str]) -> None:
        for path, text in texts.items():
            try:
                if path in self._relays:  # else it has ended meanwhile
                    _touch_or_write(path, text, is_there=self._written.get(path) == text)
                    self._written[path] = text
            except OSError as error:
                self._written.pop(path, None)
                log.warning("the sign of life cannot be written: %s", error)


def ailment(path: Path, now: float) -> str | None:
    """What is wrong with the relay that should touch this file, in one line; None when it is well."""
    try:
        age = now - path.stat().st_mtime
    except OSError:
        return f"no relay runs here: {path} is not there"
    return f"the relay has been stuck for {age:.0f} s" if age > DEAD_AFTER else None


def condition(path: Path) -> str:
    """How the relay that writes this file is, in a few lines; "" when there is none."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


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
