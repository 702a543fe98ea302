"""Follows the settings file of a fleet while its companions run."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from relay.application.fleet.changes import FleetChanges, changes
from relay.application.settings import Fleet, load_fleet
from relay.application.settings.file import Signature, signature
from relay.errors import ConfigError

log = logging.getLogger(__name__)

EVERY: Final = 2.0
"""Seconds between two looks; a new file is read once it was the same at two of them."""


class FleetWatch:
    """The settings of a fleet, and what becomes of them.

    A file that is wrong, gone or without any companion changes nothing: that is told in the log and is the `problem`
    until it is right.
    """

    def __init__(self, path: Path, *, to_lead: bool = False, every: float = EVERY) -> None:
        """Reads the file; see `load_fleet`, also of `to_lead`. Raises ConfigError."""
        self._path = path
        self._to_lead = to_lead
        self._every = every
        self._read = SettledFile(signature(path))
        self._asked = asyncio.Event()
        self.fleet: Fleet = load_fleet(path, to_lead=to_lead)
        self.problem: ConfigError | None = None

    def look(self) -> None:
        """Read the file now, whether or not it looks the same."""
        self._asked.set()

    async def changes(self) -> AsyncIterator[FleetChanges]:
        """Each change, when `fleet` is as it says. Never ends by itself."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._asked.wait()
            is_new = self._read.is_new(await asyncio.to_thread(signature, self._path))
            if self._asked.is_set() or is_new:
                self._asked.clear()
                if new := await self._changes():
                    yield new

    async def _changes(self) -> FleetChanges | None:
        try:
            fleet, found = await asyncio.to_thread(self._compared)
        except ConfigError as problem:
            if str(problem) != str(self.problem):
                log.error("%s; the companions go on with the settings they have", problem)
            self.problem = problem
            return None
        self.fleet, self.problem = fleet, None
        return found

    def _compared(self) -> tuple[Fleet, FleetChanges]:
        if not self._path.exists():  # as while an editor replaces it; nobody means to end all companions by that
            raise ConfigError(f"{self._path}: the file is gone: put it back")
        fleet = load_fleet(self._path, to_lead=self._to_lead)
        if not fleet.companions:  # as while a program writes it, or on a full disk
            raise ConfigError(f"{self._path}: there is no companion any more: put one back, or end the process")
        return fleet, changes(self.fleet, fleet)


class SettledFile:
    """Tells when a file that is another is whole: once it stays the same from one look to the next."""

    def __init__(self, read: Signature) -> None:
        self._read = read
        self._last = read

    def is_new(self, now: Signature) -> bool:
        """Whether it is time to read it."""
        settled = now == self._last != self._read
        self._last = now
        if settled:
            self._read = now
        return settled


@contextmanager
def looking_on_hangup(watch: FleetWatch) -> Iterator[None]:
    """While the context lasts SIGHUP, where there is one, has the file read, as services expect of it."""
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None:
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(hangup, watch.look)
    try:
        yield
    finally:
        loop.remove_signal_handler(hangup)
