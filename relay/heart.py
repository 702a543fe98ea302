"""A sign of life for supervisors such as Docker: a file that a running relay writes, with what it complains of."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from relay.periodic import repeat
from relay.private import make_folder

BEAT_EVERY = 10.0
"""Seconds between two beats."""
DEAD_AFTER = 45.0
"""Seconds without a beat after which the relay counts as stuck or gone."""


class Heart:
    def __init__(self, path: Path, complaints: Callable[[], Sequence[str]]) -> None:
        """`complaints` are lines about what a person has to mend, though the relay goes on."""
        self._path = path
        self._complaints = complaints

    async def beat(self) -> None:
        """Write the file until cancelled, then remove it. A disk that fails is not worth stopping for."""
        try:
            await repeat(self._write, BEAT_EVERY, "the sign of life")
        finally:
            with suppress(OSError):
                self._path.unlink()

    async def _write(self) -> None:
        await asyncio.to_thread(_write, self._path, "\n".join(self._complaints()))


def ailment(path: Path, now: float) -> str | None:
    """What is wrong with the relay that should touch this file, in one line; None when it is well."""
    try:
        age = now - path.stat().st_mtime
    except OSError:
        return f"no relay runs here: {path} is not there"
    return f"the relay has been stuck for {age:.0f} s" if age > DEAD_AFTER else None


def complaints(path: Path) -> str:
    """What the relay that writes this file complains of, one line each; "" when of nothing."""
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    path.write_text(text, "utf-8")
