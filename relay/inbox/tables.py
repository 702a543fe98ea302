"""The tables of the inbox in SQLite, and what each step does to them, for many messages in few statements.

SQLite gives Python's lock up at every step of a statement, and a thread gets it back late while the others are busy.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, islice, repeat
from sqlite3 import Connection
from typing import Any, Final, TypeVar

from relay.inbox import ledger
from relay.inbox.base import Record
from relay.model import AudienceMessage, Edit, Forward, Retraction, Settlement
from relay.system.layouts import Layout

LAYOUT: Final = Layout(
    application=int.from_bytes(b"VoxR"),
    known_by="tally",
    steps=(
        """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL,
    received REAL NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    forward_id TEXT,
    outcome TEXT,
    settlement BLOB
);
CREATE INDEX IF NOT EXISTS unsettled ON messages (held, seq) WHERE outcome IS NULL;
CREATE INDEX IF NOT EXISTS begun ON messages (forward_id) WHERE forward_id IS NOT NULL AND outcome IS NULL;
CREATE TABLE IF NOT EXISTS forwards (id TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tally (outcome TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID
""",
        """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counted (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID
""",
    ),
)
WAITING, HELD, LEFT_OVER = 0, 1, 2
"""Whose a message without an outcome is: nobody's, this process's, the one's before."""
WITHOUT_OUTCOME: Final = "waiting"
"""The tally's row for what has no outcome."""
SLICE: Final = 10_000
"""How many messages are forgotten in one transaction."""
ROWS: Final = 64
"""How many rows one statement takes at most."""
_FREE: Final = "outcome IS NULL AND forward_id IS NULL"

Entry = tuple[str, bytes]
"""A message's key and body."""
T = TypeVar("T")


def leave_over(connection: Connection) -> None:
    connection.execute(f"UPDATE messages SET held = {LEFT_OVER} WHERE outcome IS NULL AND held = {HELD}")


def insert(connection: Connection, entries: Sequence[Entry], received: float) -> list[bool]:
    """Whether each was new."""
    known = {key for key, *_ in _by_keys(connection, "SELECT key FROM messages WHERE", [key for key, _ in entries])}
    fresh: dict[str, bytes] = {}
    stored = [key not in known and fresh.setdefault(key, body) is body for key, body in entries]
    for some in _slices(fresh.items()):
        into = f"INSERT INTO messages (key, body, received) VALUES {_places(some, '(?, ?, ?)')}"
        connection.execute(into, [*chain.from_iterable((*entry, received) for entry in some)])
    count(connection, WITHOUT_OUTCOME, len(fresh))
    return stored


def hold(connection: Connection, whose: int, limit: int) -> list[AudienceMessage]:
    query = f"SELECT key, body FROM messages WHERE {_FREE} AND held = ? ORDER BY seq LIMIT ?"
    rows = connection.execute(query, (whose, limit)).fetchall()
    mark(connection, [key for key, _ in rows], HELD)
    return [ledger.decode_message(body) for _, body in rows]


def mark(connection: Connection, keys: Iterable[str], held: int) -> None:
    for some in _slices(keys):
        update = f"UPDATE messages SET held = ? WHERE outcome IS NULL AND key IN ({_places(some)})"
        connection.execute(update, (held, *some))


def current(connection: Connection, keys: Iterable[str]) -> dict[str, AudienceMessage]:
    query = "SELECT key, body FROM messages WHERE outcome IS NULL AND"
    return {key: ledger.decode_message(body) for key, body in _by_keys(connection, query, keys)}


def begin(connection: Connection, forwards: Sequence[Forward], bodies: Sequence[bytes]) -> list[bool]:
    """Whether each could be begun: all its keys are free, or its own already."""
    query = "SELECT key, forward_id FROM messages WHERE outcome IS NULL AND"
    owners = dict(_by_keys(connection, query, [key for forward in forwards for key in forward.keys]))
    begun, answers = list[tuple[Forward, bytes]](), list[bool]()
    for forward, body in zip(forwards, bodies, strict=True):
        answers.append(all(key in owners and owners[key] in (None, forward.id) for key in forward.keys))
        if answers[-1]:
            owners |= dict.fromkeys(forward.keys, forward.id)
            begun.append((forward, body))
    for some in _slices(begun):
        into = f"REPLACE INTO forwards (id, body) VALUES {_places(some, '(?, ?)')}"
        connection.execute(into, [*chain.from_iterable((forward.id, body) for forward, body in some)])
    _set(connection, "forward_id = given.column2", [(key, forward.id) for forward, _ in begun for key in forward.keys])
    return answers


def abandon(connection: Connection, forward_id: str) -> None:
    connection.execute("DELETE FROM forwards WHERE id = ?", (forward_id,))
    free = "UPDATE messages SET forward_id = NULL, held = ? WHERE forward_id = ? AND outcome IS NULL"
    connection.execute(free, (HELD, forward_id))


def settle(connection: Connection, settlements: Sequence[Settlement], bodies: Sequence[bytes]) -> list[bool]:
    """Whether each is the first outcome of its message."""
    query = "SELECT key, forward_id FROM messages WHERE outcome IS NULL AND"
    rest = dict(_by_keys(connection, query, [each.key for each in settlements]))
    first, forwards = list[bool](), set[str]()
    for each in settlements:
        first.append(each.key in rest)
        if (forward_id := rest.pop(each.key, None)) is not None:
            forwards.add(forward_id)
    new = [(each, body) for each, body, is_first in zip(settlements, bodies, first, strict=True) if is_first]
    rows = [(each.key, each.outcome.value, body) for each, body in new]
    _set(connection, "outcome = given.column2, settlement = given.column3", rows)
    for outcome, change in Counter(outcome for _, outcome, _ in rows).items():
        count(connection, outcome, change)
    count(connection, WITHOUT_OUTCOME, -len(rows))
    unsettled = "SELECT 1 FROM messages WHERE forward_id = forwards.id AND outcome IS NULL"
    for some in _slices(forwards):
        over = f"DELETE FROM forwards WHERE id IN ({_places(some)}) AND NOT EXISTS ({unsettled})"
        connection.execute(over, some)
    return first


def rewrite(connection: Connection, key: str, edit: Edit) -> bool:
    row = connection.execute(f"SELECT seq, body FROM messages WHERE key = ? AND {_FREE}", (key,)).fetchone()
    if row is None:
        return False
    message = ledger.rewritten(ledger.decode_message(row[1]), edit.text, is_action=edit.is_action)
    _, body = ledger.fit(message)
    connection.execute("UPDATE messages SET body = ? WHERE seq = ?", (body, row[0]))
    return True


def retract(connection: Connection, retraction: Retraction, at: float) -> list[Settlement]:
    """How each of the messages ended that were dropped."""
    query = f"SELECT key, body FROM messages WHERE {_FREE} AND (?1 IS NULL OR key = ?1)"
    key = None if retraction.id is None else f"{retraction.platform}:{retraction.id}"
    rows = connection.execute(query, (key,)).fetchall()
    named = [key for key, body in rows if ledger.names(retraction, ledger.decode_message(body))]
    settlements = [ledger.dropped(key, retraction, at) for key in named]
    first = settle(connection, settlements, [ledger.fit(each)[1] for each in settlements])
    return list(compress(settlements, first))


def record(connection: Connection, key: str) -> Record | None:
    query = "SELECT body, settlement, forward_id FROM messages WHERE key = ?"
    row = connection.execute(query, (key,)).fetchone()
    if row is None:
        return None
    body, settlement, forward_id = row
    return Record(
        message=ledger.decode_message(body),
        settlement=ledger.decode_settlement(settlement) if settlement else None,
        forward_id=forward_id,
    )


def forget(connection: Connection, older_than: float, max_count: int) -> int:
    """One slice of a trim, short enough not to keep others waiting."""
    excess = max(0, sum(tally(connection).values()) - max_count)
    settled = "SELECT seq FROM messages WHERE outcome IS NOT NULL"
    forget = (
        f"DELETE FROM messages WHERE seq IN ({settled} AND (received < ?1 OR seq IN ({settled} ORDER BY seq LIMIT ?2))"
        f" ORDER BY seq LIMIT {SLICE}) RETURNING outcome"
    )
    forgotten = connection.execute(forget, (older_than, excess)).fetchall()
    connection.execute("DELETE FROM counted WHERE NOT EXISTS (SELECT 1 FROM messages WHERE key = counted.key)")
    return _uncount(connection, forgotten)


def slice_after(connection: Connection, seq: int) -> int | None:
    """Where the slice that begins behind this row ends; None when nothing is behind it."""
    query = f"SELECT max(seq) FROM (SELECT seq FROM messages WHERE seq > ? ORDER BY seq LIMIT {SLICE})"
    end: int | None = connection.execute(query, (seq,)).fetchone()[0]
    return end


def forget_authors(connection: Connection, authors: Iterable[tuple[str, float]], slice: tuple[int, int]) -> int:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS authors (author TEXT PRIMARY KEY, before REAL) WITHOUT ROWID")
    connection.execute("DELETE FROM authors")
    connection.executemany("INSERT INTO authors VALUES (?, ?)", authors)
    author = "CAST(body AS TEXT) ->> '$.platform' || ':' || (CAST(body AS TEXT) ->> '$.author.id')"
    forget = (
        "DELETE FROM messages WHERE seq > ? AND seq <= ? AND outcome IS NOT NULL"
        f" AND received < (SELECT before FROM authors WHERE author = {author}) RETURNING outcome"
    )
    return _uncount(connection, connection.execute(forget, slice).fetchall())


def _uncount(connection: Connection, rows: Iterable[tuple[str]]) -> int:
    """How many were forgotten; each row has an outcome."""
    forgotten = Counter(outcome for (outcome,) in rows)
    for outcome, change in forgotten.items():
        count(connection, outcome, -change)
    return forgotten.total()


def count_up(connection: Connection, name: str, key: str) -> int:
    counted = connection.execute("SELECT value FROM counted WHERE key = ?", (key,)).fetchone()
    if counted is None:
        up = "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value"
        counted = connection.execute(up, (name,)).fetchone()
        connection.execute("INSERT INTO counted VALUES (?, ?)", (key, counted[0]))
    return int(counted[0])


def tally(connection: Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT outcome, count FROM tally").fetchall())


def count(connection: Connection, outcome: str, change: int) -> None:
    if change:
        add = "INSERT INTO tally VALUES (?1, ?2) ON CONFLICT DO UPDATE SET count = count + ?2"
        connection.execute(add, (outcome, change))


def _by_keys(connection: Connection, query: str, keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
    for some in _slices(keys):
        yield from connection.execute(f"{query} key IN ({_places(some)})", some).fetchall()


def _set(connection: Connection, change: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Change the messages whose keys the rows begin with."""
    for some in _slices(rows):
        given = f"(VALUES {_places(some, '(' + _places(some[0]) + ')')}) AS given"
        update = f"UPDATE messages SET {change} FROM {given} WHERE key = given.column1 AND outcome IS NULL"
        connection.execute(update, [*chain.from_iterable(some)])


def _slices(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, ROWS)):
        yield some


def _places(items: Sequence[object], each: str = "?") -> str:
    return ", ".join(repeat(each, len(items)))
