"""Who changed what, when: an append-only file of JSON lines, and the ones before it."""

import json
import os
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from relay.model import Caller
from relay.system.private_files import make_private


class Audit:
    """One object a line; readable by the owner of the relay alone.

    A file of `size` bytes becomes `<name>.1`, that one `<name>.2`, and so on; there are `files` of them at most.
    """

    def __init__(self, path: Path, *, size: int = 5_000_000, files: int = 5) -> None:
        self._path = path
        self._size = size
        self._oldest = files - 1
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
        with self._writing:
            make_private(self._path)
            if self._path.stat().st_size >= self._size:
                self._begin_anew()
            with self._path.open("a+b") as file:
                file.write((b"\n" if _is_torn(file) else b"") + json.dumps(entry).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())

    def _begin_anew(self) -> None:
        with suppress(OSError):  # such as a reader on Windows; the file grows until the next try
            for number in range(self._oldest, 0, -1):
                with suppress(FileNotFoundError):
                    self._file(number - 1).replace(self._file(number))
            make_private(self._path)

    def _file(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path

    def newest(self, count: int) -> list[dict[str, object]]:
        """The last entries, oldest first."""
        found: deque[dict[str, object]] = deque(maxlen=count)
        for number in range(self._oldest, -1, -1):
            with suppress(FileNotFoundError), self._file(number).open(encoding="utf-8", errors="replace") as lines:
                found.extend(_entries(lines))
        return list(found)


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
