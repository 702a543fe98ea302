"""The memory in one SQLite file: the default, and readable by its owner alone.

A journal that is deleted after each change, not a write-ahead log, keeps what was forgotten from staying in a file
beside. SQLite overwrites what is deleted (`secure_delete`), but copies that it left in a page when it moved rows about
stay there; so what is to be erased ends with a VACUUM, which writes the file anew.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Final, TypeVar

from relay.errors import ConfigError, MemoryUnavailable
from relay.memory.base import AT_ONCE, Change
from relay.memory.records import Acquaintance, accounts_of, forgotten
from relay.system.layouts import Layout
from relay.system.private_files import make_private

T = TypeVar("T")
LAYOUT: Final = Layout(
    application=int.from_bytes(b"VoxM"),
    known_by="people",
    steps=(
        """
CREATE TABLE IF NOT EXISTS people (viewer TEXT PRIMARY KEY, last_seen REAL NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_age ON people (last_seen, viewer)
""",
    ),
)


class SqliteMemory:
    """A MemoryStore in a file. `timeout` in seconds."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._thread: ThreadPoolExecutor | None = None
        self._connection: Connection | None = None
        self._owes_vacuum = False

    async def open(self) -> None:
        self._thread = ThreadPoolExecutor(1, "memory")
        try:
            self._connection = await asyncio.get_running_loop().run_in_executor(self._thread, self._connect)
        except (OSError, sqlite3.Error) as error:
            self._thread.shutdown()
            raise ConfigError(
                f"memory.path: {self._path} cannot be used: {error}; set memory.path to a file the relay may write"
            ) from None
        except ConfigError:
            self._thread.shutdown()
            raise

    async def close(self) -> None:
        thread, self._thread = self._thread, None
        connection, self._connection = self._connection, None
        if thread is not None and connection is not None:
            await asyncio.get_running_loop().run_in_executor(thread, connection.close)
            thread.shutdown()

    def _connect(self) -> Connection:
        make_private(self._path)
        connection = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: Connection) -> None:
        update = LAYOUT.update(connection, "memory.path", self._path)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")  # what a VACUUM sets aside is written nowhere else
        if update:
            connection.executescript(f"BEGIN IMMEDIATE; {update} COMMIT")

    async def get(self, viewers: Collection[str]) -> dict[str, Acquaintance]:
        return await self._run(lambda connection: _read(connection, viewers))

    async def change(self, viewers: Collection[str], change: Change, *, erase: bool = False) -> None:
        job = partial(_change, viewers, change)
        await self._run(lambda connection: self._write(connection, job, erase=erase))

    async def trim(self, older_than: float, most: int) -> int:
        def forget(connection: Connection) -> int:
            gone = _superfluous(connection, older_than, most)
            people = accounts_of(_read(connection, gone).values())
            _change(people, partial(forgotten, gone=gone), connection)
            return len(gone)

        def trimmed(connection: Connection) -> int:
            count = self._write(connection, forget)
            if count or self._owes_vacuum:
                self._vacuum(connection)
            return count

        return await self._run(trimmed)

    async def everyone(self) -> AsyncIterator[Acquaintance]:
        query = "SELECT last_seen, viewer, body FROM people WHERE (last_seen, viewer) > (?, ?)"
        page = f"{query} ORDER BY last_seen, viewer LIMIT {AT_ONCE}"
        after: tuple[float, str] = (float("-inf"), "")
        while rows := await self._run(partial(_rows, page, after)):
            for *_, body in rows:
                yield Acquaintance.model_validate_json(body)
            after = rows[-1][:2]

    def _write(self, connection: Connection, job: Callable[[Connection], T], *, erase: bool = False) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = job(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        if erase:
            self._vacuum(connection)
        return result

    def _vacuum(self, connection: Connection) -> None:
        """When another process is in the way it is done by the next trim, or whoever is told of it tries again."""
        self._owes_vacuum = True
        connection.execute("VACUUM")
        self._owes_vacuum = False

    async def _run(self, job: Callable[[Connection], T]) -> T:
        thread, connection = self._thread, self._connection
        if thread is None or connection is None:
            raise MemoryUnavailable(f"the memory {self._path} is not open")
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.get_running_loop().run_in_executor(thread, job, connection)
        except TimeoutError:
            raise MemoryUnavailable(f"the memory {self._path} did not answer within {self._timeout:g} s") from None
        except sqlite3.Error as error:
            raise MemoryUnavailable(f"the memory {self._path} failed: {error}") from error


def _rows(query: str, after: tuple[float, str], connection: Connection) -> list[tuple[float, str, str]]:
    return connection.execute(query, after).fetchall()


def _superfluous(connection: Connection, older_than: float, most: int) -> list[str]:
    """Those to be forgotten."""
    old = "SELECT viewer FROM people WHERE last_seen < ?"
    excess = "SELECT viewer FROM (SELECT viewer FROM people ORDER BY last_seen DESC, viewer LIMIT -1 OFFSET ?)"
    return [viewer for (viewer,) in connection.execute(f"{old} UNION {excess}", (older_than, most))]


def _change(viewers: Collection[str], change: Change, connection: Connection) -> None:
    for viewer, after in change(_read(connection, viewers)).items():
        if after is None:
            connection.execute("DELETE FROM people WHERE viewer = ?", (viewer,))
        else:
            row = (viewer, after.last_seen, after.model_dump_json())
            connection.execute("REPLACE INTO people VALUES (?, ?, ?)", row)


def _read(connection: Connection, viewers: Collection[str]) -> dict[str, Acquaintance]:
    found = {}
    for viewer in viewers:
        if row := connection.execute("SELECT body FROM people WHERE viewer = ?", (viewer,)).fetchone():
            found[viewer] = Acquaintance.model_validate_json(row[0])
    return found
