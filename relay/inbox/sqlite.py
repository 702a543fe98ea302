"""The inbox in one SQLite file: the default, for a relay that is one process.

Durable against the death of the process at any moment; a power cut may cost the newest moments of a busy file
(`synchronous = NORMAL`), never its integrity. The file is locked for as long as it is open.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import compress
from pathlib import Path
from sqlite3 import Connection

from relay.inbox import ledger
from relay.inbox.base import Record
from relay.inbox.lost_answers import LostAnswers, T
from relay.inbox.writer import Job, SqliteWriter
from relay.model import AudienceMessage, Edit, Forward, Outcome, Retraction, Settlement
from relay.system.clock import now
from relay.system.layouts import Layout

LAYOUT = Layout(
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
_WAITING, _HELD, _LEFT_OVER = 0, 1, 2
_SLICE = 10_000
"""How many messages are forgotten in one transaction."""
_NO_OUTCOME = "waiting"
"""The tally's row for what has no outcome."""
_FREE = "outcome IS NULL AND forward_id IS NULL"
_Rows = list[tuple[int, AudienceMessage]]


class SqliteInbox:
    """An Inbox for one process; a second one that opens the same file gets InboxTaken.

    `max_count` is the most messages `trim` leaves; `timeout` in seconds; `clock` gives seconds since the epoch.
    """

    def __init__(self, path: Path, *, max_count: int, timeout: float, clock: Callable[[], float] = now) -> None:
        self._writer = SqliteWriter(path, LAYOUT, timeout)
        self._max_count = max_count
        self._clock = clock
        self._claimers: set[asyncio.Event] = set()
        self._appended = LostAnswers[str]()
        self._settled = LostAnswers[Settlement]()

    async def open(self, *, to_look: bool = False) -> None:
        await self._writer.start()
        if not to_look:
            await self._writer.run(_leave_over)

    async def close(self) -> None:
        await self._writer.stop()

    async def copy_to(self, path: Path) -> None:
        await self._writer.copy_to(path)

    async def append(self, messages: Sequence[AudienceMessage]) -> list[bool]:
        received = self._clock()
        rows = [(*ledger.entry(message), received) for message in messages]
        keys = [key for key, *_ in rows]
        stored = await self._answer(lambda connection: _insert(connection, rows), keys, self._appended)
        if any(stored):
            self._wake()
        return stored

    async def claim(self, limit: int, wait: float) -> list[AudienceMessage]:
        deadline = asyncio.get_running_loop().time() + wait
        arrived = asyncio.Event()
        self._claimers.add(arrived)
        try:
            while not (messages := await self._hold(_WAITING, limit)):
                async with asyncio.timeout_at(deadline):
                    await arrived.wait()
                arrived.clear()
        except TimeoutError:
            return []
        finally:
            self._claimers.discard(arrived)
        return messages

    async def reclaim(self) -> list[AudienceMessage]:
        return await self._hold(_LEFT_OVER, -1)

    async def current(self, keys: Sequence[str]) -> dict[str, AudienceMessage]:
        def select(connection: Connection) -> dict[str, AudienceMessage]:
            found = {}
            for key in keys:
                query = "SELECT body FROM messages WHERE key = ? AND outcome IS NULL"
                if row := connection.execute(query, (ledger.well_formed(key),)).fetchone():
                    found[key] = ledger.decode_message(row[0])
            return found

        return await self._writer.run(select)

    async def begin(self, forwards: Sequence[Forward]) -> list[bool]:
        mended = [ledger.mended(forward) for forward in forwards]
        return await self._writer.run(lambda connection: [_begin(connection, each) for each in mended])

    async def make_sure(self) -> None:
        """The file is locked for as long as this process lives."""

    async def unfinished(self) -> list[Forward]:
        def select(connection: Connection) -> list[Forward]:
            return [
                ledger.decode_forward(body)
                for (body,) in connection.execute("SELECT body FROM forwards ORDER BY rowid")
            ]

        return await self._writer.run(select)

    async def abandon(self, forward_id: str) -> None:
        def forget(connection: Connection) -> None:
            connection.execute("DELETE FROM forwards WHERE id = ?", (forward_id,))
            free = "UPDATE messages SET forward_id = NULL, held = ? WHERE forward_id = ? AND outcome IS NULL"
            connection.execute(free, (_HELD, forward_id))

        await self._writer.run(forget)

    async def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        mended = [ledger.mended(settlement) for settlement in settlements]
        return await self._answer(lambda on: [_settle(on, each) for each in mended], mended, self._settled)

    async def edit(self, edit: Edit) -> bool:
        key = ledger.well_formed(edit.key)

        def rewrite(connection: Connection) -> bool:
            row = connection.execute(f"SELECT seq, body FROM messages WHERE key = ? AND {_FREE}", (key,)).fetchone()
            if row is None:
                return False
            _, body = ledger.entry(ledger.rewritten(ledger.decode_message(row[1]), edit.text))
            connection.execute("UPDATE messages SET body = ? WHERE seq = ?", (body, row[0]))
            return True

        return await self._writer.run(rewrite)

    async def retract(self, retraction: Retraction, at: float) -> int:
        mended = ledger.mended(retraction)
        return await self._writer.run(lambda connection: _retract(connection, mended, at))

    async def why(self, key: str) -> Record | None:
        return await self._writer.run(lambda connection: _record(connection, ledger.well_formed(key)))

    async def waiting(self) -> int:
        return (await self._writer.run(_tally)).get(_NO_OUTCOME, 0)

    async def outcomes(self) -> Mapping[Outcome, int]:
        tally = await self._writer.run(_tally)
        return {outcome: tally[outcome] for outcome in Outcome if tally.get(outcome)}

    async def trim(self, older_than: float) -> int:
        total = 0
        while forgotten := await self._writer.run(lambda on: _forget(on, older_than, self._max_count)):
            total += forgotten
        return total

    async def count(self, name: str, key: str) -> int:
        return await self._writer.run(lambda connection: _count_up(connection, name, ledger.well_formed(key)))

    async def newest(self, limit: int) -> list[AudienceMessage]:
        def select(connection: Connection) -> list[AudienceMessage]:
            rows = connection.execute("SELECT body FROM messages ORDER BY seq DESC LIMIT ?", (limit,))
            return [ledger.decode_message(body) for (body,) in rows]

        return await self._writer.run(select)

    async def forget(self, authors: Mapping[str, float]) -> int:
        rows = [(ledger.well_formed(author), before) for author, before in authors.items()]
        total, start = 0, 0
        while end := await self._writer.run(partial(_slice_after, seq=start)):
            total += await self._writer.run(partial(_forget_authors, authors=rows, slice=(start, end)))
            start = end
        return total

    async def get_note(self, name: str) -> str | None:
        def select(connection: Connection) -> str | None:
            row = connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
            return row[0] if row else None

        return await self._writer.run(select)

    async def set_note(self, name: str, value: str) -> None:
        row = (name, ledger.well_formed(value))
        await self._writer.run(lambda connection: connection.execute("REPLACE INTO notes VALUES (?, ?)", row).rowcount)

    async def _answer(self, job: Job[list[bool]], items: Sequence[T], lost: LostAnswers[T]) -> list[bool]:
        """What the job says of each item, or what an earlier one said of it that nobody waited for any more."""
        done = await self._writer.run(job, lambda done: lost.add(compress(items, done)))
        return [lost.take(item) or is_done for item, is_done in zip(items, done, strict=True)]

    async def _hold(self, whose: int, limit: int) -> list[AudienceMessage]:
        def give_back(rows: _Rows) -> None:
            seqs = [seq for seq, _ in rows]
            self._writer.post(lambda connection: _mark(connection, seqs, whose), then=self._wake)

        return [message for _, message in await self._writer.run(lambda on: _hold(on, whose, limit), give_back)]

    def _wake(self) -> None:
        for arrived in self._claimers:
            arrived.set()


def _leave_over(connection: Connection) -> None:
    connection.execute(f"UPDATE messages SET held = {_LEFT_OVER} WHERE outcome IS NULL AND held = {_HELD}")


def _insert(connection: Connection, rows: Iterable[tuple[str, bytes, float]]) -> list[bool]:
    insert = "INSERT INTO messages (key, body, received) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    stored = [connection.execute(insert, row).rowcount == 1 for row in rows]
    _count(connection, _NO_OUTCOME, sum(stored))
    return stored


def _hold(connection: Connection, whose: int, limit: int) -> _Rows:
    query = f"SELECT seq, body FROM messages WHERE {_FREE} AND held = ? ORDER BY seq LIMIT ?"
    rows = [(seq, ledger.decode_message(body)) for seq, body in connection.execute(query, (whose, limit))]
    _mark(connection, (seq for seq, _ in rows), _HELD)
    return rows


def _mark(connection: Connection, seqs: Iterable[int], held: int) -> None:
    connection.executemany("UPDATE messages SET held = ? WHERE seq = ?", [(held, seq) for seq in seqs])


def _begin(connection: Connection, forward: Forward) -> bool:
    take = "UPDATE messages SET forward_id = ?1 WHERE key = ?2 AND outcome IS NULL"
    free = "SELECT 1 FROM messages WHERE key = ? AND outcome IS NULL AND (forward_id IS NULL OR forward_id = ?)"
    if not all(connection.execute(free, (key, forward.id)).fetchone() for key in forward.keys):
        return False
    connection.execute("REPLACE INTO forwards (id, body) VALUES (?, ?)", (forward.id, ledger.encode(forward)))
    connection.executemany(take, [(forward.id, key) for key in forward.keys])
    return True


def _settle(connection: Connection, settlement: Settlement) -> bool:
    update = "UPDATE messages SET outcome = ?, settlement = ? WHERE key = ? AND outcome IS NULL RETURNING forward_id"
    values = (settlement.outcome, ledger.encode(settlement), settlement.key)
    changed = connection.execute(update, values).fetchall()
    if not changed:
        return False
    _count(connection, settlement.outcome, 1)
    _count(connection, _NO_OUTCOME, -1)
    rest = "SELECT 1 FROM messages WHERE forward_id = ?1 AND outcome IS NULL"
    connection.execute(f"DELETE FROM forwards WHERE id = ?1 AND NOT EXISTS ({rest})", changed[0])
    return True


def _retract(connection: Connection, retraction: Retraction, at: float) -> int:
    query = f"SELECT key, body FROM messages WHERE {_FREE} AND (?1 IS NULL OR key = ?1)"
    key = None if retraction.id is None else f"{retraction.platform}:{retraction.id}"
    rows = connection.execute(query, (key,)).fetchall()
    named = [key for key, body in rows if ledger.names(retraction, ledger.decode_message(body))]
    return sum(_settle(connection, ledger.dropped(key, retraction, at)) for key in named)


def _record(connection: Connection, key: str) -> Record | None:
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


def _forget(connection: Connection, older_than: float, max_count: int) -> int:
    """One slice of a trim, short enough not to keep others waiting."""
    excess = max(0, sum(_tally(connection).values()) - max_count)
    settled = "SELECT seq FROM messages WHERE outcome IS NOT NULL"
    forget = (
        f"DELETE FROM messages WHERE seq IN ({settled} AND (received < ?1 OR seq IN ({settled} ORDER BY seq LIMIT ?2))"
        f" ORDER BY seq LIMIT {_SLICE}) RETURNING outcome"
    )
    forgotten = connection.execute(forget, (older_than, excess)).fetchall()
    connection.execute("DELETE FROM counted WHERE NOT EXISTS (SELECT 1 FROM messages WHERE key = counted.key)")
    return _uncount(connection, forgotten)


def _slice_after(connection: Connection, seq: int) -> int | None:
    """Where the slice that begins behind this row ends; None when nothing is behind it."""
    query = f"SELECT max(seq) FROM (SELECT seq FROM messages WHERE seq > ? ORDER BY seq LIMIT {_SLICE})"
    end: int | None = connection.execute(query, (seq,)).fetchone()[0]
    return end


def _forget_authors(connection: Connection, authors: Iterable[tuple[str, float]], slice: tuple[int, int]) -> int:
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
    forgotten = [outcome for (outcome,) in rows]
    for outcome in set(forgotten):
        _count(connection, outcome, -forgotten.count(outcome))
    return len(forgotten)


def _count_up(connection: Connection, name: str, key: str) -> int:
    counted = connection.execute("SELECT value FROM counted WHERE key = ?", (key,)).fetchone()
    if counted is None:
        up = "INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value"
        counted = connection.execute(up, (name,)).fetchone()
        connection.execute("INSERT INTO counted VALUES (?, ?)", (key, counted[0]))
    return int(counted[0])


def _tally(connection: Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT outcome, count FROM tally").fetchall())


def _count(connection: Connection, outcome: str, change: int) -> None:
    add = "INSERT INTO tally VALUES (?1, ?2) ON CONFLICT DO UPDATE SET count = count + ?2"
    connection.execute(add, (outcome, change))
