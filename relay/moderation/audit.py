"""Who changed what, when: an append-only file of JSON lines."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from relay.model import Caller


class Audit:
    """One object a line; readable by the owner of the relay alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(
        self,
        by: Caller,
        what: str,
        at: float,
        before: dict[str, object] | None = None,
        after: dict[str, object] | None = None,
    ) -> None:
        """Add a line; on disk when it returns. `at` in seconds since the epoch."""
        entry = {
            "at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
            "who": by.name,
            "source": by.source,
            "what": what,
            "before": before or {},
            "after": after or {},
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(
            os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        ) as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def newest(self, count: int) -> list[dict[str, object]]:
        """The last entries, oldest first."""
        try:
            lines = self._path.read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines[-count:]]
