"""A sign of life for supervisors such as Docker: a file that a running relay touches."""

import asyncio
from pathlib import Path

BEAT_EVERY = 10.0
"""Seconds between two beats."""
DEAD_AFTER = 45.0
"""Seconds without a beat after which the relay counts as stuck or gone."""


class Heart:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def beat(self) -> None:
        """Touch the file until cancelled, then remove it. A disk that fails is not worth stopping for."""
        try:
            while True:
                await asyncio.to_thread(_touch, self._path)
                await asyncio.sleep(BEAT_EVERY)
        finally:
            self._path.unlink(missing_ok=True)


def ailment(path: Path, now: float) -> str | None:
    """What is wrong with the relay that should touch this file, in one line; None when it is well."""
    try:
        age = now - path.stat().st_mtime
    except OSError:
        return f"no relay runs here: {path} is not there"
    return f"the relay has been stuck for {age:.0f} s" if age > DEAD_AFTER else None


def _touch(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:
        return
