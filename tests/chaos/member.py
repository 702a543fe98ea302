"""One process of a relay in several, with a way of its own to Redis."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp

from tests.chaos.versions import END_WITHIN, VersionProcess
from tests.doubles.faults import FaultyProxy
from tests.processes import RelayProcess
from tests.support import eventually


class Refused(RuntimeError):
    """A process does not come to work, and says why."""


class Member:
    """Runs these sources, or today's where none are given."""

    def __init__(self, kind: str, way: FaultyProxy, command: Sequence[str], folder: Path, probes: str) -> None:
        """`probes` is the address at which it says whether it is ready."""
        self.kind = kind
        self.way = way
        self.sources: Path | None = None
        self._command = command
        self._folder = folder
        self._probes = probes
        self._process: RelayProcess | VersionProcess | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Also anew, once it was killed."""
        if self.sources is None:
            self._process = RelayProcess(*self._command, cwd=self._folder)
        else:
            self._process = VersionProcess(self.sources, *self._command, cwd=self._folder)
        self._process.__enter__()

    async def kill(self) -> None:
        """Returns when it is gone."""
        if self._process is not None:
            await asyncio.to_thread(self._process.__exit__)
            self._process = None

    async def end(self) -> None:
        """Ask it to end, as whoever upgrades does. Raises RuntimeError when it does not."""
        self.signal(signal.SIGTERM)
        try:
            await eventually(lambda: not self._is_running, seconds=END_WITHIN)
        except TimeoutError:
            raise RuntimeError(f"{self.kind} does not end: {self.said()}") from None
        await self.kill()

    async def begin(self, within: float) -> None:
        """Start it, and return when it says that it is ready. Raises Refused when it does not, or ends before."""
        self.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(within), aiohttp.ClientSession() as http:
                while self._is_running:
                    with suppress(aiohttp.ClientError):
                        async with http.get(f"{self._probes}/readyz") as answer:
                            if answer.ok:
                                return
                    await asyncio.sleep(0.1)
        raise Refused(f"{self.kind}: {self.said()}")

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.signal(number)

    def check(self) -> None:
        """Raises RuntimeError when it ended by itself."""
        if not self._is_running:
            raise RuntimeError(f"{self.kind} ended by itself: {self.said()}")

    def said(self) -> str:
        """Its errors, or the first of them."""
        return self._process.said()[:600] if self._process is not None else ""

    @property
    def _is_running(self) -> bool:
        return self._process is not None and self._process.is_running
