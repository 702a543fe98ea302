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
from typing import Final

from relay.inbox import ledger, tables
from relay.inbox.at_hand import AtHand
from relay.inbox.base import Record
from relay.inbox.lost_answers import LostAnswers
from relay.inbox.writer import SqliteWriter
from relay.model import AudienceMessage, Edit, Forward, Outcome, Retraction, Settlement
from relay.system.clock import now

UNMARKED: Final = 4_096
"""Messages held here at most of which the file does not know it; a process that died would leave them as waiting."""


class SqliteInbox:
    """An Inbox for one process; a second one that opens the same file gets InboxTaken.

    `max_count` is the most messages `trim` leaves; `timeout` in seconds; `clock` gives seconds since the epoch.
    """

    def __init__(self, path: Path, *, max_count: int, timeout: float, clock: Callable[[], float] = now) -> None:
        self._writer = SqliteWriter(path, tables.LAYOUT, timeout)
        self._max_count = max_count
        self._clock = clock
        self._claimers: set[asyncio.Event] = set()
        self._at_hand = AtHand()
        self._unmarked: set[str] = set()
        """Keys of what is held here, while the file does not say so: most are begun before it has to."""
        self._appended = LostAnswers[str]()
        self._settled = LostAnswers[Settlement]()

    async def open(self, *, to_look: bool = False) -> None:
        await self._writer.start()
        if not to_look:
            try:
                await self._writer.run(tables.leave_over)
            except BaseException:
                await self._writer.stop()  # or who tries again would find the file locked by the first try
                raise

    async def close(self) -> None:
        self._mark()
        await self._writer.stop()

    async def copy_to(self, path: Path) -> None:
        await self._writer.copy_to(path)

    async def append(self, messages: Sequence[AudienceMessage]) -> list[bool]:
        received, fit = self._clock(), [ledger.fit(message) for message in messages]
        entries = [(message.key, line) for message, line in fit]
        keys = [key for key, _ in entries]

        def lose(stored: list[bool]) -> None:
            self._appended.add(compress(keys, stored))
            self._at_hand.doubt()
            self._wake()

        stored = await self._writer.run(lambda on: tables.insert(on, entries, received), lose)
        self._at_hand.stored(message for (message, _), is_new in zip(fit, stored, strict=True) if is_new)
        if any(stored):
            self._wake()
        return self._appended.answers(keys, stored)

    async def claim(self, limit: int, wait: float) -> list[AudienceMessage]:
        deadline = asyncio.get_running_loop().time() + wait
        arrived = asyncio.Event()
        self._claimers.add(arrived)
        try:
            while not (messages := await self._next(limit)):
                async with asyncio.timeout_at(deadline):
                    await arrived.wait()
                arrived.clear()
        except TimeoutError:
            return []
        finally:
            self._claimers.discard(arrived)
        return messages

    async def reclaim(self) -> list[AudienceMessage]:
        return await self._hold(tables.LEFT_OVER, -1)

    async def current(self, keys: Sequence[str]) -> dict[str, AudienceMessage]:
        if (held := self._at_hand.held(keys)) is not None:
            return held
        known = {key: ledger.well_formed(key) for key in keys}
        found = await self._writer.run(lambda connection: tables.current(connection, known.values()))
        return {key: found[stored] for key, stored in known.items() if stored in found}

    async def begin(self, forwards: Sequence[Forward]) -> list[bool]:
        fit = [ledger.fit(forward) for forward in forwards]
        fitting, lines = [forward for forward, _ in fit], [line for _, line in fit]
        begun = await self._writer.run(lambda connection: tables.begin(connection, fitting, lines))
        for forward, is_begun in zip(fitting, begun, strict=True):
            if is_begun:
                self._unmarked.difference_update(forward.keys)
            else:  # the file knows something of them that this process does not
                self._at_hand.over(forward.keys)
        return begun

    async def make_sure(self) -> None:
        """The file is locked for as long as this process lives."""

    @property
    def is_sure(self) -> bool:
        return True

    async def unfinished(self) -> list[Forward]:
        def select(connection: Connection) -> list[Forward]:
            return [
                ledger.decode_forward(body)
                for (body,) in connection.execute("SELECT body FROM forwards ORDER BY rowid")
            ]

        return await self._writer.run(select)

    async def abandon(self, forward_id: str) -> None:
        await self._writer.run(lambda connection: tables.abandon(connection, forward_id))

    async def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        fit = [ledger.fit(settlement) for settlement in settlements]
        fitting, lines = [settlement for settlement, _ in fit], [line for _, line in fit]
        keys = [each.key for each in fitting]

        def lose(first: list[bool]) -> None:
            self._settled.add(compress(fitting, first))

        self._at_hand.over(keys)
        first = await self._writer.run(lambda connection: tables.settle(connection, fitting, lines), lose)
        self._at_hand.over(keys)
        self._unmarked.difference_update(keys)
        return self._settled.answers(fitting, first)

    async def edit(self, edit: Edit) -> bool:
        key = ledger.well_formed(edit.key)
        with self._at_hand.changing(lambda _: True, key):
            return await self._writer.run(lambda connection: tables.rewrite(connection, key, edit))

    async def retract(self, retraction: Retraction, at: float) -> Sequence[Settlement]:
        mended = ledger.mended(retraction)
        with self._at_hand.changing(partial(ledger.names, mended)):
            return await self._writer.run(lambda connection: tables.retract(connection, mended, at))

    async def why(self, key: str) -> Record | None:
        return await self._writer.run(lambda connection: tables.record(connection, ledger.well_formed(key)))

    async def waiting(self) -> int:
        return (await self._writer.run(tables.tally)).get(tables.WITHOUT_OUTCOME, 0)

    async def outcomes(self) -> Mapping[Outcome, int]:
        tally = await self._writer.run(tables.tally)
        return {outcome: tally[outcome] for outcome in Outcome if tally.get(outcome)}

    async def trim(self, older_than: float) -> int:
        total = 0
        while forgotten := await self._writer.run(lambda on: tables.forget(on, older_than, self._max_count)):
            total += forgotten
        return total

    async def count(self, name: str, key: str) -> int:
        return await self._writer.run(lambda connection: tables.count_up(connection, name, ledger.well_formed(key)))

    async def newest(self, limit: int) -> list[AudienceMessage]:
        def select(connection: Connection) -> list[AudienceMessage]:
            rows = connection.execute("SELECT body FROM messages ORDER BY seq DESC LIMIT ?", (limit,))
            return [ledger.decode_message(body) for (body,) in rows]

        return await self._writer.run(select)

    async def forget(self, authors: Mapping[str, float]) -> int:
        rows = [(ledger.well_formed(author), before) for author, before in authors.items()]
        total, start = 0, 0
        while end := await self._writer.run(partial(tables.slice_after, seq=start)):
            total += await self._writer.run(partial(tables.forget_authors, authors=rows, slice=(start, end)))
            start = end
        return total

    async def get_note(self, name: str) -> str | None:
        [value] = await self.get_notes([name])
        return value

    async def get_notes(self, names: Sequence[str]) -> list[str | None]:
        def select(connection: Connection) -> list[str | None]:
            found = (connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone() for name in names)
            return [row[0] if row else None for row in found]

        return await self._writer.run(select)

    async def set_note(self, name: str, value: str) -> None:
        row = (name, ledger.well_formed(value))
        await self._writer.run(lambda connection: connection.execute("REPLACE INTO notes VALUES (?, ?)", row).rowcount)

    async def _next(self, limit: int) -> list[AudienceMessage]:
        """The oldest that wait; from the file only while something may wait there that did not come through here."""
        while (taken := self._at_hand.take(limit)) is None:
            if found := await self._hold(tables.WAITING, limit, self._at_hand.begin()):
                return found
        self._unmarked.update(message.key for message in taken)
        if len(self._unmarked) > UNMARKED:
            self._mark()
        return taken

    def _mark(self) -> None:
        """Tell the file what is held here."""
        if keys := list(self._unmarked):
            self._writer.post(
                lambda connection: tables.mark(connection, keys, tables.HELD),
                then=lambda: self._unmarked.difference_update(keys),
            )

    async def _hold(self, whose: int, limit: int, begun: int = -1) -> list[AudienceMessage]:
        def hold(connection: Connection) -> list[AudienceMessage]:
            tables.mark(connection, unmarked, tables.HELD)
            return tables.hold(connection, whose, limit)

        def give_back(messages: Iterable[AudienceMessage]) -> None:
            keys = [message.key for message in messages]
            self._at_hand.doubt()
            self._writer.post(lambda connection: tables.mark(connection, keys, whose), then=self._wake)

        unmarked = list(self._unmarked)
        messages = await self._writer.run(hold, give_back)
        self._unmarked.difference_update(unmarked)
        self._at_hand.has_read(messages, begun)
        return messages

    def _wake(self) -> None:
        for arrived in self._claimers:
            arrived.set()
