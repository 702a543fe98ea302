import asyncio
import os
import sqlite3
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from relay.errors import ConfigError, InboxError
from relay.inbox import tables
from relay.inbox.retry import with_retries
from relay.inbox.sqlite import SqliteInbox
from relay.inbox.writer import FLUSHED_EVERY, SqliteWriter
from relay.model import Outcome
from relay.system.layouts import Layout
from tests.contracts.samples import NOON, forward, message, messages, settlement
from tests.support import PATIENCE

OPEN_AND_SAY_WHY_NOT = """
import asyncio, sys
from pathlib import Path
from relay.errors import ConfigError
from relay.inbox.sqlite import SqliteInbox
try:
    asyncio.run(SqliteInbox(Path(sys.argv[1]), max_count=10, timeout=5).open())
except ConfigError as error:
    print(error)
"""


def sqlite_inbox(path: Path) -> SqliteInbox:
    return SqliteInbox(path, max_count=1_000, timeout=10)


BEFORE = """
CREATE TABLE messages (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body BLOB NOT NULL, received REAL NOT NULL,
    held INTEGER NOT NULL DEFAULT 0, forward_id TEXT, outcome TEXT, settlement BLOB
);
CREATE INDEX unsettled ON messages (held, seq) WHERE outcome IS NULL;
CREATE INDEX begun ON messages (forward_id) WHERE forward_id IS NOT NULL AND outcome IS NULL;
CREATE TABLE forwards (id TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE tally (outcome TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


class TestTheFile:
    async def test_in_use_is_refused_to_another_process(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()

        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", OPEN_AND_SAY_WHY_NOT, str(tmp_path / "inbox.db")), stdout=asyncio.subprocess.PIPE
        )
        said, _ = await other.communicate()
        await inbox.close()

        assert f"{tmp_path / 'inbox.db'} is in use by another relay" in said.decode()

    async def test_in_use_is_refused_within_the_process(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()

        with pytest.raises(ConfigError, match="is in use by another relay"):
            await sqlite_inbox(tmp_path / "inbox.db").open()
        await inbox.close()

    async def test_is_created_with_its_folder(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "data" / "inbox.db")

        await inbox.open()
        await inbox.close()

        assert (tmp_path / "data" / "inbox.db").exists()

    async def test_that_is_no_database_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("not a database " * 100)

        with pytest.raises(ConfigError, match=r"inbox\.path: .*notes\.txt cannot be used"):
            await sqlite_inbox(tmp_path / "notes.txt").open()

    async def test_that_is_damaged_gets_advice_that_works(self, tmp_path: Path) -> None:
        path = tmp_path / "inbox.db"
        inbox = sqlite_inbox(path)
        await inbox.open()
        await inbox.append([message(number) for number in range(500)])
        await inbox.close()
        path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 40_000)

        with pytest.raises(ConfigError, match=r"inbox\.path: .* move it away, with inbox\.db-wal if that is there"):
            await _used(sqlite_inbox(path))

        path.rename(tmp_path / "damaged.db")
        await _used(sqlite_inbox(path))

    async def test_of_another_program_is_refused_and_left_as_it_was(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "bookmarks.db") as connection:
            connection.execute("CREATE TABLE messages (subject TEXT)")
        connection.close()
        before = (tmp_path / "bookmarks.db").read_bytes()

        with pytest.raises(ConfigError, match=r"bookmarks\.db is of another program.*give inbox\.path a new file"):
            await sqlite_inbox(tmp_path / "bookmarks.db").open()

        assert (tmp_path / "bookmarks.db").read_bytes() == before

    async def test_of_an_early_relay_is_taken(self, tmp_path: Path) -> None:
        await _used(sqlite_inbox(tmp_path / "inbox.db"))
        with sqlite3.connect(tmp_path / "inbox.db") as connection:
            connection.execute("PRAGMA application_id = 0")
        connection.close()

        await _used(sqlite_inbox(tmp_path / "inbox.db"))

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
    async def test_is_for_its_owner_alone_with_all_that_lies_beside_it(self, tmp_path: Path) -> None:
        path = tmp_path / "data" / "inbox.db"
        inbox = sqlite_inbox(path)
        await inbox.open()
        await inbox.append([message(1)])
        modes = {each.name: each.stat().st_mode & 0o777 for each in (path.parent, *path.parent.iterdir())}
        await inbox.close()

        assert modes == {"data": 0o700, "inbox.db": 0o600, "inbox.db-wal": 0o600}

        path.chmod(0o644)
        await _used(sqlite_inbox(path))
        assert path.stat().st_mode & 0o777 == 0o600

    async def test_of_a_newer_version_is_refused(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "inbox.db") as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()

        with pytest.raises(ConfigError, match=r"written by a newer version of the relay \(layout 99"):
            await sqlite_inbox(tmp_path / "inbox.db").open()

    async def test_of_the_release_before_is_read_without_loss(self, tmp_path: Path) -> None:
        """Written down as that one wrote it: without counters, and without the mark of its program."""
        waiting, held, begun, done = messages(1, 2, 3, 4)
        with closing(sqlite3.connect(tmp_path / "inbox.db")) as old, old:
            old.executescript(BEFORE)
            for each, is_held in ((waiting, 0), (held, 1), (begun, 1), (done, 1)):
                row = (each.key, each.model_dump_json(), NOON, is_held)
                old.execute("INSERT INTO messages (key, body, received, held) VALUES (?, ?, ?, ?)", row)
            forwarded = forward(begun, id="of the release before")
            old.execute("INSERT INTO forwards VALUES (?, ?)", (forwarded.id, forwarded.model_dump_json()))
            old.execute("UPDATE messages SET forward_id = ? WHERE key = ?", (forwarded.id, begun.key))
            ended = settlement(done)
            outcome = (ended.outcome.value, ended.model_dump_json(), done.key)
            old.execute("UPDATE messages SET outcome = ?, settlement = ? WHERE key = ?", outcome)
            old.executemany("INSERT INTO tally VALUES (?, ?)", [("waiting", 3), (ended.outcome.value, 1)])

        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        assert await inbox.reclaim() == [held]
        assert await inbox.unfinished() == [forwarded]
        assert await inbox.claim(9, wait=0) == [waiting]
        assert await inbox.append([done, message(5)]) == [False, True]
        assert (await inbox.waiting(), await inbox.outcomes()) == (4, {ended.outcome: 1})
        assert await inbox.count("uses", waiting.key) == 1
        await inbox.close()

    async def test_that_is_closed_answers_with_an_error(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        await inbox.close()

        with pytest.raises(InboxError, match="is not open"):
            await inbox.append([message(1)])


async def _used(inbox: SqliteInbox) -> None:
    await inbox.open()
    try:
        await inbox.append([message(1)])
    finally:
        await inbox.close()


class TestAFullDisk:
    async def test_is_told_with_its_remedy_and_loses_nothing(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        await inbox.append([message(number) for number in range(50)])
        await inbox.settle([settlement(message(number)) for number in range(20)])

        await _limit_pages(inbox, 1)  # as many as it has: what more is wanted fails as on a full disk
        with pytest.raises(InboxError, match="full; make room on the disk"):
            await inbox.append([message(number, text="x" * 5_000) for number in range(50, 100)])
        assert await inbox.waiting() == 30

        await _limit_pages(inbox, 1_000_000)
        assert all(await inbox.append([message(number, text="x" * 5_000) for number in range(50, 100)]))
        assert await inbox.trim(older_than=time.time() + 60) == 20
        await inbox.close()


async def _limit_pages(inbox: SqliteInbox, pages: int) -> None:
    await inbox._writer.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages}").fetchall())


@asynccontextmanager
async def _held_up(inbox: SqliteInbox) -> AsyncIterator[None]:
    """What an impatient inbox is asked meanwhile fails, and is done afterwards; by then it is patient."""
    may_go_on = threading.Event()

    def wait_in_the_thread(_: sqlite3.Connection) -> None:
        assert may_go_on.wait(PATIENCE)

    inbox._writer.post(wait_in_the_thread, then=lambda: None)
    try:
        yield
    finally:
        inbox._writer._timeout = PATIENCE
        may_go_on.set()


class TestARepeatOfWhatFailedInTime:
    async def test_tells_of_each_message_once_that_it_is_new(self, tmp_path: Path) -> None:
        async with _opened(tmp_path, timeout=0.05) as inbox:
            await with_retries(inbox.append, [message(1)])
            async with _held_up(inbox):
                with pytest.raises(InboxError, match="did not answer"):
                    await inbox.append([message(1), message(2), message(2)])

            assert await inbox.append([message(1), message(2), message(2)]) == [False, True, False]
            assert await inbox.append([message(2)]) == [False]
            assert await inbox.claim(9, 0) == [message(1), message(2)]

    async def test_tells_of_each_outcome_once_that_it_is_recorded(self, tmp_path: Path) -> None:
        async with _opened(tmp_path, timeout=0.05) as inbox:
            await with_retries(inbox.append, [message(1), message(2)])
            await with_retries(inbox.settle, [settlement(message(1), Outcome.EXPIRED)])
            both = [settlement(message(1)), settlement(message(2))]
            async with _held_up(inbox):
                with pytest.raises(InboxError, match="did not answer"):
                    await inbox.settle(both)

            assert await inbox.settle([settlement(message(2), Outcome.EXPIRED)]) == [False]
            assert await inbox.settle(both) == [False, True]
            assert await inbox.settle(both) == [False, False]

    async def test_tells_what_was_appended_by_who_was_cancelled(self, tmp_path: Path) -> None:
        async with _opened(tmp_path, timeout=0.05) as inbox:
            async with _held_up(inbox):
                append = asyncio.ensure_future(inbox.append([message(1)]))
                await asyncio.sleep(0)
                append.cancel()
                await asyncio.gather(append, return_exceptions=True)

            assert append.cancelled()
            assert await inbox.append([message(1)]) == [True]


@asynccontextmanager
async def _opened(folder: Path, timeout: float = PATIENCE) -> AsyncIterator[SqliteInbox]:
    inbox = SqliteInbox(folder / "inbox.db", max_count=1_000, timeout=timeout)
    await with_retries(inbox.open)
    try:
        yield inbox
    finally:
        await inbox.close()


async def test_an_opening_that_takes_too_long_can_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_over, stop, may_go_on = tables.leave_over, SqliteWriter.stop, threading.Event()

    def held_up(connection: sqlite3.Connection) -> None:
        may_go_on.wait(PATIENCE)
        leave_over(connection)

    async def stopping(writer: SqliteWriter) -> None:
        may_go_on.set()
        await stop(writer)

    monkeypatch.setattr(tables, "leave_over", held_up)
    monkeypatch.setattr(SqliteWriter, "stop", stopping)
    inbox = SqliteInbox(tmp_path / "inbox.db", max_count=1_000, timeout=0.05)
    with pytest.raises(InboxError, match="did not answer"):
        await inbox.open()

    await with_retries(inbox.open)
    await inbox.close()


class TestAtHand:
    async def test_more_than_is_kept_is_read_from_the_file_in_order(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("relay.inbox.at_hand.CAPACITY", 3)
        async with _opened(tmp_path) as inbox:
            assert await inbox.claim(9, 0) == []
            for number in range(5):
                await inbox.append([message(number)])

            claimed = [await inbox.claim(2, 0) for _ in range(4)]
            await inbox.append([message(5)])
            claimed.append(await inbox.claim(2, 0))

        assert [each for some in claimed for each in some] == messages(*range(6))

    async def test_what_is_claimed_is_held_after_a_restart(self, tmp_path: Path) -> None:
        async with _opened(tmp_path) as inbox:
            assert await inbox.claim(9, 0) == []
            await inbox.append(messages(1, 2))
            assert await inbox.claim(1, 0) == [message(1)]

        async with _opened(tmp_path) as inbox:
            assert await inbox.reclaim() == [message(1)]
            assert await inbox.claim(9, 0) == [message(2)]

    async def test_what_the_file_has_no_more_is_let_go_of_once_it_cannot_be_begun(self, tmp_path: Path) -> None:
        async with _opened(tmp_path) as inbox:
            await inbox.append([message(1)])
            assert await inbox.claim(9, 0) == [message(1)]
            await inbox._writer.run(lambda connection: connection.execute("DELETE FROM messages").rowcount)

            assert await inbox.begin([forward(message(1))]) == [False]
            assert await inbox.current([message(1).key]) == {}


class TestTheWriter:
    async def test_lets_a_failing_job_fail_alone(self, tmp_path: Path) -> None:
        writer = SqliteWriter(
            tmp_path / "x.db", Layout(1, ("CREATE TABLE numbers (n INTEGER NOT NULL)",), "numbers"), timeout=10
        )
        await writer.start()

        def insert(number: int | None) -> "asyncio.Task[None]":
            def job(connection: sqlite3.Connection) -> None:
                connection.execute("INSERT INTO numbers VALUES (?)", (number,))

            return asyncio.ensure_future(writer.run(job))

        results = await asyncio.gather(insert(1), insert(None), insert(3), return_exceptions=True)
        numbers = await writer.run(lambda connection: connection.execute("SELECT n FROM numbers").fetchall())
        await writer.stop()

        assert [type(result) for result in results] == [type(None), InboxError, type(None)]
        assert numbers == [(1,), (3,)]

    async def test_copies_between_jobs_that_wait_and_does_each_of_them(self, tmp_path: Path) -> None:
        writer = SqliteWriter(
            tmp_path / "x.db", Layout(1, ("CREATE TABLE numbers (n INTEGER NOT NULL)",), "numbers"), timeout=10
        )
        await writer.start()
        released = threading.Event()

        def insert(number: int) -> "asyncio.Task[int]":
            return asyncio.ensure_future(
                writer.run(lambda connection: connection.execute("INSERT INTO numbers VALUES (?)", (number,)).rowcount)
            )

        jobs = [asyncio.ensure_future(writer.run(lambda _: int(released.wait(PATIENCE)))), insert(1), insert(2)]
        copied = asyncio.ensure_future(writer.copy_to(tmp_path / "copy.db"))
        jobs += [insert(3), insert(4)]
        await asyncio.sleep(0)
        released.set()

        assert await asyncio.gather(*jobs) == [1] * 5
        await copied
        await writer.stop()
        with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
            assert copy.execute("SELECT n FROM numbers").fetchall() == [(1,), (2,)]

    async def test_that_is_too_slow_is_an_error(self, tmp_path: Path) -> None:
        writer = SqliteWriter(tmp_path / "x.db", Layout(1, (), ""), timeout=0.05)
        await writer.start()
        loop = asyncio.get_running_loop()
        released = asyncio.Event()

        def wait_in_the_thread(_: sqlite3.Connection) -> None:
            asyncio.run_coroutine_threadsafe(released.wait(), loop).result(10)

        with pytest.raises(InboxError, match=r"did not answer within 0\.05 s"):
            await writer.run(wait_in_the_thread)
        released.set()
        await writer.stop()

    async def test_commits_what_it_was_given_before_it_stops(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        append = asyncio.ensure_future(inbox.append([message(1)]))
        await asyncio.sleep(0)
        await inbox.close()

        assert await append == [True]

    async def test_gives_nothing_up_before_its_time(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        writer = SqliteWriter(tmp_path / "x.db", Layout(1, (), ""), timeout=PATIENCE)
        await writer.start()
        released = threading.Event()
        waits = asyncio.ensure_future(writer.run(lambda _: released.wait(PATIENCE)))
        await asyncio.sleep(0)

        writer._look()
        assert len(writer._due) == 1
        later = asyncio.get_running_loop().time() + PATIENCE
        monkeypatch.setattr(writer, "_loop", SimpleNamespace(time=lambda: later))
        writer._look()
        monkeypatch.undo()
        released.set()

        with pytest.raises(InboxError, match="did not answer"):
            await waits
        await writer.stop()

    async def test_takes_back_what_was_done_in_the_moment_in_which_who_waited_was_cancelled(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = SqliteWriter(tmp_path / "x.db", Layout(1, (), ""), timeout=PATIENCE)
        await writer.start()
        resolve, undone = writer._resolve, list[str]()

        def resolve_and_cancel(group: Sequence[Any], results: Sequence[Any]) -> None:
            resolve(group, results)
            waits.cancel()

        monkeypatch.setattr(writer, "_resolve", resolve_and_cancel)
        waits = asyncio.ensure_future(writer.run(lambda _: "done", undone.append))
        await asyncio.wait({waits})
        await writer.stop()

        assert waits.cancelled() and undone == ["done"]

    async def test_tells_of_what_nobody_waited_for_when_it_is_committed_and_not_when_it_failed(
        self, tmp_path: Path
    ) -> None:
        writer = SqliteWriter(tmp_path / "x.db", Layout(1, ("CREATE TABLE t (n)",), "t"), timeout=PATIENCE)
        await writer.start()
        told: list[str] = []
        writer.post(lambda connection: _insert(connection, "no such table"), then=lambda: told.append("failed"))
        writer.post(lambda connection: _insert(connection, "t"), then=lambda: told.append("committed"))

        numbers = await writer.run(lambda connection: connection.execute("SELECT n FROM t").fetchall())
        await writer.stop()

        assert (told, numbers) == (["committed"], [(1,)])

    async def test_leaves_much_in_the_log_before_everybody_waits_for_the_file(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        before = (tmp_path / "inbox.db").stat().st_size
        for number in range(500):
            await inbox.append([message(number)])
        meanwhile = (tmp_path / "inbox.db").stat().st_size
        await inbox.close()

        assert before == meanwhile < (tmp_path / "inbox.db").stat().st_size

    async def test_has_the_disk_take_the_log_while_it_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flushed: set[int] = set()
        monkeypatch.setattr(os, "fsync", lambda file: flushed.add(os.fstat(file).st_ino))
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        for number in range(FLUSHED_EVERY):
            await inbox.append([message(number)])
        log = (tmp_path / "inbox.db-wal").stat().st_ino
        await inbox.close()

        assert log in flushed


def _insert(connection: sqlite3.Connection, table: str) -> None:
    connection.execute(f'INSERT INTO "{table}" VALUES (1)')
