"""Who changed what, when: an append-only file of JSON lines."""

import json
import os
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from relay.model import Caller
from relay.private import make_private


class Audit:
    """One object a line; readable by the owner of the relay alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = Lock()

    def write(
        self,
        by: Caller,
        what: str,
        at: float,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> None:
        """Add a line; on disk when it returns. `at` in seconds since the epoch. Raises OSError."""
        entry = {
            "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
            "who": by.name,
            "id": by.id,
            "source": by.source,
            "what": what,
            "before": before or {},
            "after": after or {},
        }
        make_private(self._path)
        with self._writing, self._path.open("a+b") as file:
            file.write((b"\n" if _is_torn(file) else b"") + json.dumps(entry).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def newest(self, count: int) -> list[dict[str, object]]:
        """The last entries, oldest first."""
        try:
            with self._path.open(encoding="utf-8", errors="replace") as lines:
                return list(deque(_entries(lines), count))
        except FileNotFoundError:
            return []


def _is_torn(file: BinaryIO) -> bool:
    """Whether a crash cut the last line off, so that a new one must not be glued to it."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _entries(lines: Iterator[str]) -> Iterator[dict[str, object]]:
    """All that can be read."""
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
