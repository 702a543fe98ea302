import asyncio
import sqlite3
import sys
from pathlib import Path

import pytest

from relay.errors import ConfigError, InboxError
from relay.inbox.sqlite import SqliteInbox
from relay.inbox.writer import Writer
from tests.contracts.samples import message

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

    async def test_of_another_version_is_refused(self, tmp_path: Path) -> None:
        with sqlite3.connect(tmp_path / "inbox.db") as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()

        with pytest.raises(ConfigError, match="another version of the relay"):
            await sqlite_inbox(tmp_path / "inbox.db").open()

    async def test_that_is_closed_answers_with_an_error(self, tmp_path: Path) -> None:
        inbox = sqlite_inbox(tmp_path / "inbox.db")
        await inbox.open()
        await inbox.close()

        with pytest.raises(InboxError, match="is not open"):
            await inbox.append([message(1)])


class TestTheWriter:
    async def test_lets_a_failing_job_fail_alone(self, tmp_path: Path) -> None:
        writer = Writer(tmp_path / "x.db", "CREATE TABLE numbers (n INTEGER NOT NULL)", timeout=10)
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

    async def test_that_is_too_slow_is_an_error(self, tmp_path: Path) -> None:
        writer = Writer(tmp_path / "x.db", "", timeout=0.05)
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
