"""Who has a model on this machine: many may use it, and only one alone may change it.

The lock is SQLite's on an empty file, which is the same on every system and comes free when a process dies.
"""

import sqlite3
import weakref
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from relay.models.base import ModelInUse


class Claim:
    """Held from the beginning until `release`, for as long as the context lasts, or until nobody has it any more."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._close = weakref.finalize(self, connection.close)

    def release(self) -> None:
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def to_use(lock: Path) -> Claim:
    """A claim that many may have. Raises ModelInUse while somebody changes the model."""
    return _claim(lock, "BEGIN")


def to_change(lock: Path) -> Claim:
    """A claim that one has alone. Raises ModelInUse while anybody has one."""
    return _claim(lock, "BEGIN EXCLUSIVE")


def _claim(lock: Path, how: str) -> Claim:
    connection = sqlite3.connect(lock, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(how)
        with closing(connection.execute("SELECT 1 FROM sqlite_master")) as found:
            found.fetchall()  # until something is read nothing is locked
    except sqlite3.OperationalError:
        connection.close()
        raise ModelInUse(
            f"the model {lock.name} is being used, fetched or removed by another process: end that one, or wait for it"
        ) from None
    return Claim(connection)
