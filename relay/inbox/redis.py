"""The inbox in Redis or Valkey: for a relay whose messages are kept by a server.

Messages lie in a stream, in pages (see scripts.py), and are given out through one consumer group. A consumer is
given whole pages, so it may hold a few messages more than it was asked for; they are its next ones. As durable as
the server: with `appendonly yes` a crash of the server costs at most its last second.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress, islice

from relay.bus.connection import RedisConnection
from relay.bus.lease import LEASE, Lease
from relay.bus.script import Script
from relay.bus.server import ServerLooks, remarks, troubles
from relay.inbox import ledger, scripts
from relay.inbox.appending import Appending
from relay.inbox.at_hand import AtHand
from relay.inbox.base import Record
from relay.inbox.claiming import Claims
from relay.inbox.lost_answers import LostAnswers
from relay.inbox.pages import GROUP, KEYS, Pages, StoredMessage, StoredPage, edit_line, look_at_layout
from relay.model import AudienceMessage, Edit, Forward, Outcome, Retraction, Settlement
from relay.system.clock import now


class RedisInbox:
    """An Inbox for one process at a time; a second one with the same `namespace` gets InboxTaken.

    `connection` may serve others, too. `max_count` is the most messages `trim` leaves; `lease` (see bus/lease.py) is in
    seconds; `clock` gives seconds since the epoch; `looks` are those of a process that has several inboxes there.
    """

    def __init__(
        self,
        connection: RedisConnection,
        *,
        namespace: str,
        max_count: int,
        lease: float = LEASE,
        clock: Callable[[], float] = now,
        looks: ServerLooks | None = None,
    ) -> None:
        self.lease = Lease(connection, namespace, lease, on_loss=lambda: self._claims.wake())
        """Who may stand by waits for it before the inbox is opened."""
        self.connection = connection
        self._looks = looks
        self._namespace = namespace
        self._pages = Pages(connection, namespace, self.lease)
        self._keys = self._pages.keys
        self._redis = self._pages.redis
        self._ask = connection.ask
        self._at_hand = AtHand()
        self._claims = Claims(self._pages, self._at_hand)
        self._appending = Appending(self._pages, self._at_hand, clock, self._claims.wake)
        self._max_count = max_count
        self._clock = clock
        self._settled = LostAnswers[Settlement]()
        self._dropped = LostAnswers[Settlement]()
        """Of retractions, which come again as of another time: the next one tells of these as well."""

    async def open(self, *, to_look: bool = False) -> None:
        try:
            await self.connection.open()
            if to_look:
                await self._look_at_layout()
            else:
                await self.acquire()
                await self._pages.prepare()
                self._appending.start()
        except BaseException:
            await self.close()
            raise

    async def acquire(self) -> None:
        """Have the lease before it is opened. Raises InboxTaken, and ConfigError where a newer relay has written."""
        if self.lease.token is None:  # who has it has looked
            await self._look_at_layout()
            await self.lease.acquire()

    async def stand_by(self) -> None:
        """The same for who waits for as long as it takes. Meanwhile a newer relay may come, and write."""
        await self.lease.stand_by(self._look_at_layout)

    async def _look_at_layout(self) -> None:
        await look_at_layout(self.connection, self._namespace)

    async def close(self) -> None:
        await self._appending.stop()
        await self.lease.release()
        await self.connection.close()

    async def troubles(self) -> list[str]:
        return await (self._looks.troubles() if self._looks is not None else troubles(self.connection))

    async def remarks(self) -> list[str]:
        return await remarks(self.connection)

    async def append(self, messages: Sequence[AudienceMessage]) -> list[bool]:
        return await self._appending.append(messages)

    async def claim(self, limit: int, wait: float) -> list[AudienceMessage]:
        return await self._claims.claim(limit, wait)

    async def reclaim(self) -> list[AudienceMessage]:
        return await self._claims.reclaim()

    async def current(self, keys: Sequence[str]) -> dict[str, AudienceMessage]:
        if (held := self._at_hand.held(keys)) is not None:
            return held
        known = {key: ledger.well_formed(key) for key in keys}
        standings = dict(zip(known, await self._pages.standing(known.values()), strict=True))
        handed = self._claims.handed
        for key, standing in standings.items():
            if not standing.is_unsettled:
                handed.pop(known[key], None)
        waiting = {key: standing for key, standing in standings.items() if standing.is_unsettled}
        places = [(known[key], standing.page) for key, standing in waiting.items() if known[key] not in handed]
        bodies = await self._pages.bodies([(key, page) for key, page in places if page is not None])
        found = handed | bodies
        return {key: standing.apply(found[known[key]]) for key, standing in waiting.items() if known[key] in found}

    async def begin(self, forwards: Sequence[Forward]) -> list[bool]:
        fit = [ledger.fit(forward) for forward in forwards]
        fields = [part for each, line in fit for part in (each.id, line, len(each.keys), *each.keys)]
        begun = list(map(bool, await self._pages.run_as_owner(scripts.BEGIN, *fields)))
        for (each, _), is_begun in zip(fit, begun, strict=True):
            if not is_begun:  # the store knows something of them that this process does not
                self._at_hand.over(each.keys)
        return begun

    async def make_sure(self) -> None:
        await self.lease.make_sure()

    @property
    def is_sure(self) -> bool:
        return self.lease.is_sure

    async def unfinished(self) -> list[Forward]:
        forwards = await self._ask(self._redis.hvals, self._keys.forwards)
        return sorted(map(ledger.decode_forward, forwards), key=_sent_in_order)

    async def abandon(self, forward_id: str) -> None:
        stored = await self._ask(self._redis.hget, self._keys.forwards, forward_id)
        if stored is not None:
            keys = ledger.decode_forward(stored).keys
            await self._pages.run_as_owner(scripts.ABANDON, forward_id, *keys)
            self._claims.handed |= await self.current(keys)

    async def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        mended = [ledger.fit(each)[0] for each in settlements]
        self._at_hand.over(each.key for each in mended)
        with self._settled.on_failure(mended):
            return [is_first for some in _slices(mended) for is_first in await self._settle(some)]

    async def _settle(self, some: Sequence[Settlement]) -> list[bool]:
        first = await self._first(some, self._settled, scripts.SETTLE, self._pages.as_owner())
        for each in some:
            self._claims.handed.pop(each.key, None)
        return first

    async def _first(
        self, some: Sequence[Settlement], lost: LostAnswers[Settlement], script: Script, *fence: object
    ) -> list[bool]:
        """Have a script settle these. Whether each is its message's outcome by this, or by a try that was `lost`."""

        async def settle() -> list[int]:
            with lost.on_failure(some):
                first: list[int] = await self._pages.run_once(script, *fence, GROUP, *_fields(some))
                return first

        first = await self._ask(settle)
        if not lost:
            return list(map(bool, first))
        recorded = await self._recorded(lost.among(some))
        unnoticed = [lost.take(each) and each in recorded for each in some]
        return [bool(is_first) or came_through for is_first, came_through in zip(first, unnoticed, strict=True)]

    async def _recorded(self, settlements: Collection[Settlement]) -> set[Settlement]:
        """Those that are their messages' outcomes."""
        standings = await self._pages.standing(each.key for each in settlements)
        pairs = zip(settlements, standings, strict=True)
        return {each for each, standing in pairs if standing.settlement == ledger.encode(each)}

    async def edit(self, edit: Edit) -> bool:
        key, rewritten = ledger.well_formed(edit.key), edit_line(edit)
        with self._at_hand.changing(lambda _: True, key):
            return bool(await self._pages.run(scripts.EDIT, key, rewritten))

    async def retract(self, retraction: Retraction, at: float) -> Sequence[Settlement]:
        retraction = ledger.mended(retraction)
        if retraction.id is not None:
            keys = [f"{retraction.platform}:{retraction.id}"]
        else:
            keys = await self._named(retraction)
        settlements = [*self._dropped, *(ledger.dropped(key, retraction, at) for key in keys)]
        with self._at_hand.changing(partial(ledger.names, retraction)), self._dropped.on_failure(settlements):
            slices = _slices(settlements)
            first = [
                is_first for some in slices for is_first in await self._first(some, self._dropped, scripts.RETRACT)
            ]
        return list(compress(settlements, first))

    async def _named(self, retraction: Retraction) -> list[str]:
        pages = await self._ask(self._redis.hkeys, self._keys.open)
        messages = [line.message() async for line in self._pages.lines(pages)]
        return [message.key for message in messages if ledger.names(retraction, message)]

    async def why(self, key: str) -> Record | None:
        key = ledger.well_formed(key)
        [standing] = await self._pages.standing([key])
        if standing.page is None:
            return None
        bodies = await self._pages.bodies([(key, standing.page)])
        if key not in bodies:
            return None
        return Record(
            message=standing.apply(bodies[key]),
            settlement=ledger.decode_settlement(standing.settlement) if standing.settlement else None,
            forward_id=standing.forward_id.decode() if standing.forward_id else None,
        )

    async def waiting(self) -> int:
        known, settled = await self._counts()
        return known - settled

    async def _counts(self) -> tuple[int, int]:
        known, settled = await self._pages.run(scripts.COUNTS)
        return known, settled

    async def outcomes(self) -> Mapping[Outcome, int]:
        counts = await self._ask(self._redis.hgetall, self._keys.outcomes)
        return {Outcome(name.decode()): int(count) for name, count in counts.items() if int(count)}

    async def trim(self, older_than: float) -> int:
        known, _ = await self._counts()
        excess = known - self._max_count
        before = int(older_than * 1000)
        forgotten = 0
        async for page in self._pages.walk():
            is_old = page.came < before
            if not is_old and forgotten >= excess:
                break
            most = len(page.lines) if is_old else excess - forgotten
            keys = [line.key for line in page.lines]
            forgotten += await self._pages.run(scripts.FORGET, GROUP, page.id, most, *keys)
        return forgotten

    async def count(self, name: str, key: str) -> int:
        return int(await self._pages.run_as_owner(scripts.COUNT, name, ledger.well_formed(key)))

    async def newest(self, limit: int) -> list[AudienceMessage]:
        found: list[StoredMessage] = []
        read: list[StoredMessage] = []
        async for page in self._pages.walk(newest_first=True):
            read += reversed(page.lines)
            if len(found) + len(read) >= limit:
                found += await self._pages.known(read)
                read.clear()
            if len(found) >= limit:
                break
        found += await self._pages.known(read)
        return [line.message() for line in found[:limit]]

    async def forget(self, authors: Mapping[str, float]) -> int:
        before = {ledger.well_formed(author): int(at * 1000) for author, at in authors.items()}
        last = max(before.values(), default=0)
        forgotten = 0
        async for page in self._pages.walk():
            if page.came >= last:
                break
            forgotten += await self._forget_in(page, before)
        return forgotten

    async def _forget_in(self, page: StoredPage, before: Mapping[str, int]) -> int:
        """Forget authors' messages of one page. The others go into a page of their own when all have outcomes."""
        theirs = [line for line in page.lines if page.came < before.get(line.author, 0)]
        if not theirs:
            return 0
        others = [line for line in page.lines if page.came >= before.get(line.author, 0)]
        rest = json.dumps([line.fields for line in others], ensure_ascii=False)
        keys = [line.key for line in (*theirs, *others)]
        now = int(self._clock() * 1000)
        return int(await self._pages.run(scripts.FORGET_SOME, GROUP, page.id, now, rest, len(theirs), *keys))

    async def get_note(self, name: str) -> str | None:
        [value] = await self.get_notes([name])
        return value

    async def get_notes(self, names: Sequence[str]) -> list[str | None]:
        values = await self._ask(self._redis.hmget, self._keys.notes, names)
        return [None if value is None else value.decode() for value in values]

    async def set_note(self, name: str, value: str) -> None:
        await self._pages.run_as_owner(scripts.NOTE, name, ledger.well_formed(value))


def _sent_in_order(forward: Forward) -> tuple[int, tuple[float, ...], str]:
    return -1 if forward.after_index is None else forward.after_index, forward.heard_at, forward.id


def _slices(settlements: Iterable[Settlement]) -> Iterator[list[Settlement]]:
    """As many as one script takes at once."""
    rest = iter(settlements)
    while some := list(islice(rest, KEYS)):
        yield some


def _fields(settlements: Iterable[Settlement]) -> list[object]:
    """The arguments of a script that settles."""
    return [part for each in settlements for part in (each.key, each.outcome.value, ledger.encode(each))]
