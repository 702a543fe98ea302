"""A sign of life for supervisors such as Docker: a file in which a running relay says how it is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from relay.system.periodic import repeat
from relay.system.private_files import make_folder

BEAT_EVERY = 10.0
"""Seconds between two beats."""
DEAD_AFTER = 45.0
"""Seconds without a beat after which the relay counts as stuck or gone."""


class Heartbeat:
    def __init__(self, path: Path, condition: Callable[[], str]) -> None:
        """`condition` tells in a few lines how the relay is, though it runs."""
        self._path = path
        self._condition = condition

    async def beat(self) -> None:
        """Write the file until cancelled, then remove it. A disk that fails is not worth stopping for."""
        try:
            await repeat(self._write, BEAT_EVERY, "the sign of life")
        finally:
            with suppress(OSError):
                self._path.unlink()

    async def _write(self) -> None:
        await asyncio.to_thread(_write, self._path, self._condition())


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


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    path.write_text(text, "utf-8")
