"""One thread with one SQLite connection: whatever is asked meanwhile goes into the next transaction together."""

import asyncio
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from relay.errors import ConfigError, InboxError, InboxTaken
from relay.system.layouts import Layout
from relay.system.private_files import make_folder, make_private

WAL_PAGES = 8_000
"""Pages of 4 KB in the write-ahead log at which they go into the file itself. Everybody waits meanwhile, for as long as
the disk takes."""
FLUSHED_EVERY = 64
"""Transactions after which the disk is to take the log, so that little of it is left to be waited for."""
_ELSEWHERE = "set inbox.path to a file the relay may write"
T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]
"""Runs in the writer's thread inside a transaction. May run again, alone, when its group failed."""


@dataclass(slots=True, eq=False)
class _Ticket(Generic[T]):
    job: Job[T]
    future: asyncio.Future[T]
    undo: Callable[[T], object] | None
    is_alone: bool = False
    """Whether it is done outside of any transaction."""


class SqliteWriter:
    """Runs jobs in the order they were given; a job is done when its transaction is committed."""

    def __init__(self, path: Path, layout: Layout, timeout: float) -> None:
        self._path = path
        self._layout = layout
        self._timeout = timeout
        self._tickets: SimpleQueue[_Ticket[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._due: deque[tuple[float, asyncio.Future[Any]]] = deque()
        """When each that is asked for counts as unanswered, by the loop's clock."""
        self._timer: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the file and create the tables. Raises ConfigError when the file cannot serve."""
        self._loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._work, args=(opened,), name="inbox-writer", daemon=True)
        self._thread.start()
        try:
            await opened
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Commit what was given and close the file."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._tickets.put(None)
            await asyncio.to_thread(thread.join)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def run(self, job: Job[T], undo: Callable[[T], object] | None = None) -> T:
        """The job's result, committed. `undo` is called with it when nobody waits for it any more.

        Raises InboxError when SQLite fails or takes longer than the timeout.
        """
        if self._thread is None:
            raise InboxError(f"the inbox {self._path} is not open")
        ticket: _Ticket[T] = _Ticket(job, self._loop.create_future(), undo)
        self._put(ticket)
        try:
            return await ticket.future
        except asyncio.CancelledError:
            if not ticket.future.cancelled() and ticket.future.exception() is None:
                _undo(ticket, ticket.future.result())
            raise
        except TimeoutError:
            raise InboxError(f"the inbox {self._path} did not answer within {self._timeout:g} s") from None
        except sqlite3.Error as error:
            raise InboxError(f"the inbox {self._path} failed: {error}; {_advice(error, self._path)}") from error

    def _put(self, ticket: _Ticket[Any]) -> None:
        """Give it to the thread. One timer watches over all, as what was given first is due first."""
        self._due.append((self._loop.time() + self._timeout, ticket.future))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._look)
        self._tickets.put(ticket)

    def _look(self) -> None:
        now = self._loop.time()
        while self._due and (self._due[0][1].done() or self._due[0][0] <= now):
            _, future = self._due.popleft()
            if not future.done():
                future.set_exception(TimeoutError())
        self._timer = self._loop.call_at(self._due[0][0], self._look) if self._due else None

    async def copy_to(self, path: Path) -> None:
        """Copy the database into a new file, however long that takes; what is asked meanwhile waits for it."""
        if self._thread is None:
            raise InboxError(f"the inbox {self._path} is not open")
        ticket = _Ticket(lambda connection: _copy(connection, path), self._loop.create_future(), None, is_alone=True)
        self._tickets.put(ticket)
        try:
            await ticket.future
        except sqlite3.Error as error:
            raise InboxError(f"the inbox {self._path} cannot be copied to {path}: {error}") from error

    def post(self, job: Job[None], then: Callable[[], object]) -> None:
        """Run the job when it is its turn, and `then` in the loop once it is committed."""
        done: asyncio.Future[None] = self._loop.create_future()
        done.add_done_callback(lambda done: done.exception() or then())
        self._tickets.put(_Ticket(job, done, None))

    def _resolve(self, group: Sequence[_Ticket[Any]], results: Sequence[Any]) -> None:
        for ticket, result in zip(group, results, strict=True):
            failed = isinstance(result, Exception)
            if ticket.future.done():  # nobody waits for it any more
                if not failed:
                    _undo(ticket, result)
            elif failed:
                ticket.future.set_exception(result)
            else:
                ticket.future.set_result(result)
        while self._due and self._due[0][1].done():
            self._due.popleft()

    def _work(self, opened: asyncio.Future[None]) -> None:
        try:
            connection = _connect(self._path, self._layout)
        except (ConfigError, InboxError) as error:
            self._tell(opened.set_exception, error)
            return
        self._tell(opened.set_result, None)
        last, done = False, 0
        with closing(connection), _flushing(_log_of(self._path)) as flush:
            while not last:
                group, last = self._next_group()
                results = _commit(connection, group)
                self._tell(self._resolve, group, results)
                done += 1
                if done % FLUSHED_EVERY == 0:
                    flush()

    def _tell(self, callback: Callable[..., object], *args: object) -> None:
        with suppress(RuntimeError):  # the loop is closed when the process ends without stop()
            self._loop.call_soon_threadsafe(callback, *args)

    def _next_group(self) -> tuple[list[_Ticket[Any]], bool]:
        group: list[_Ticket[Any]] = []
        ticket = self._tickets.get()
        while ticket is not None:
            group.append(ticket)
            try:
                ticket = self._tickets.get_nowait()
            except Empty:
                return group, False
        return group, True


@contextmanager
def _flushing(path: Path) -> Iterator[Callable[[], None]]:
    """What has a thread of its own put on the disk what was written to this file."""

    def flush() -> None:
        while due.get():
            with suppress(OSError):  # SQLite will meet with the same, and say so
                file = os.open(path, os.O_RDWR)
                try:
                    os.fsync(file)
                finally:
                    os.close(file)

    due: SimpleQueue[bool] = SimpleQueue()
    thread = threading.Thread(target=flush, name="inbox-flush", daemon=True)
    thread.start()
    try:
        yield lambda: due.put(True)
    finally:
        due.put(False)
        thread.join()


def _undo(ticket: _Ticket[Any], result: Any) -> None:
    if ticket.undo is not None:
        ticket.undo(result)


def _commit(connection: sqlite3.Connection, group: Sequence[_Ticket[Any]]) -> list[Any]:
    """A result or an exception for each; one that fails does not take the others with it."""
    if not group:
        return []
    for at, ticket in enumerate(group):
        if ticket.is_alone and len(group) > 1:
            parts = (group[:at], [ticket], group[at + 1 :])
            return [result for part in parts for result in _commit(connection, part)]
    try:
        return [group[0].job(connection)] if group[0].is_alone else _transaction(connection, group)
    except Exception as error:
        if len(group) == 1:
            return [error]
        return [result for ticket in group for result in _commit(connection, [ticket])]


def _copy(connection: sqlite3.Connection, path: Path) -> None:
    make_private(path)
    with closing(sqlite3.connect(path)) as copy:
        connection.backup(copy)


def _transaction(connection: sqlite3.Connection, group: Sequence[_Ticket[Any]]) -> list[Any]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [ticket.job(connection) for ticket in group]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _connect(path: Path, layout: Layout) -> sqlite3.Connection:
    try:
        make_folder(path.parent)
        connection = sqlite3.connect(path, timeout=0.25, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"inbox.path: {path} cannot be opened: {error}; {_ELSEWHERE}") from None
    try:
        _prepare(connection, path, layout)
    except (OSError, sqlite3.Error) as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_BUSY:
            raise InboxTaken(
                f"inbox.path: {path} is in use by another relay; stop that one, or give this one another relay.name"
            ) from None
        raise ConfigError(f"inbox.path: {path} cannot be used: {error}; {_advice(error, path)}") from None
    except ConfigError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, layout: Layout) -> None:
    # Exclusive first: WAL then needs no shared memory, and the lock that comes with it keeps a second relay out.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    update = layout.update(connection, "inbox.path", path)
    for file in (path, _log_of(path)):
        if file.exists():  # what SQLite puts beside it gets the same permissions
            make_private(file)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    connection.executescript(f"BEGIN EXCLUSIVE; {update} COMMIT")


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _advice(error: Exception, path: Path) -> str:
    """What a person can do about it. The codes: https://sqlite.org/rescode.html"""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:  # what is above that tells more of the same
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
            beside = f"with {path.name}-wal if that is there"
            return f"move it away, {beside}, and a new one is made; or set inbox.path to another file"
        case sqlite3.SQLITE_FULL:
            return "make room on the disk"
    return _ELSEWHERE
