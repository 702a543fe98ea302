"""Files of older versions come forward with all that is in them; those of newer ones and of others are left alone."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from relay.companion.state import storage
from relay.companion.state.storage import Storage
from relay.errors import ConfigError
from relay.inbox import tables as inbox
from relay.memory import sqlite as memory
from relay.system.layouts import Layout

FIRST = Layout(7, ("CREATE TABLE people (name TEXT)",), known_by="people")
SECOND = Layout(7, (*FIRST.steps, "ALTER TABLE people ADD COLUMN seen REAL DEFAULT 1.0"), known_by="people")


@pytest.fixture
def file() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection


def updated(layout: Layout, connection: sqlite3.Connection) -> str:
    update = layout.update(connection, "memory.path", "relay.db")
    connection.executescript(update)
    return update


def test_each_step_is_done_once_and_nothing_is_lost(file: sqlite3.Connection) -> None:
    updated(FIRST, file)
    file.execute("INSERT INTO people VALUES ('Ann')")

    assert "ALTER" in updated(SECOND, file)
    assert updated(SECOND, file) == ""
    assert file.execute("SELECT * FROM people").fetchall() == [("Ann", 1.0)]


@pytest.mark.parametrize("layout", [inbox.LAYOUT, memory.LAYOUT, storage.LAYOUT])
def test_every_store_refuses_what_a_newer_version_wrote(file: sqlite3.Connection, layout: Layout) -> None:
    updated(layout, file)
    file.execute(f"PRAGMA user_version = {len(layout.steps) + 1}")

    with pytest.raises(ConfigError, match=r"memory\.path: relay\.db was written by a newer version of the relay"):
        updated(layout, file)


@pytest.mark.parametrize("mark", [0, 8])
def test_what_another_program_wrote_is_refused(file: sqlite3.Connection, mark: int) -> None:
    file.executescript(f"CREATE TABLE songs (title TEXT); PRAGMA application_id = {mark}")

    with pytest.raises(ConfigError, match=r"is of another program; give memory\.path a new file"):
        updated(FIRST, file)


def test_chats_of_before_there_were_versions_are_still_there(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "chats.db") as old:
        old.executescript(storage.LAYOUT.steps[0])
        old.execute("INSERT INTO chats VALUES ('one', 'story', 1.0, '{}')")
    old.close()

    now = Storage(tmp_path / "chats.db")
    assert now.ids("story") == ["one"]
    now.close()
