"""A durable list in Redis: several processes append to it, and one at a time works it off, in order."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from relay.bus.connection import RedisConnection
from relay.bus.lease import FENCE, Lease
from relay.bus.pubsub import PubSub
from relay.bus.script import Script
from relay.errors import InboxError
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

GROUP: Final = "readers"
READER: Final = "reader"
"""Always the same: whoever reads has a lease, so whoever read before is gone."""
NAMES_FOR: Final = 600
"""Seconds for which names are remembered: longer than anybody hands over again what he may have handed over."""
LOOK_EVERY: Final = 30.0
"""Seconds after which a reader looks although nobody told of anything new."""
DONE_WITHIN: Final = 0.1
"""Seconds after which what is done is acknowledged although nothing new has come with which that could go."""

_ALL: Final = "0"
GONE: Final = b""
"""In the place of what was read once and is there no more."""
SET_ASIDE: Final = 1_000
"""Unreadable entries that are kept, about; of more the oldest go."""

_CUT: Final = """
-- most: how many are kept, about, whoever has read them; 0 for all
if most > 0 then redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', most) end
redis.call('PUBLISH', KEYS[1], '')
"""
_APPEND: Final = Script(
    """
-- KEYS: the stream   ARGV: most, the items
local most = tonumber(ARGV[1])
for i = 2, #ARGV do redis.call('XADD', KEYS[1], '*', 'i', ARGV[i]) end
"""
    + _CUT
)
_APPEND_ONCE: Final = Script(
    """
-- KEYS: the stream, the names given lately   ARGV: most, for how many seconds, then names and items
local most = tonumber(table.remove(ARGV, 1))
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[1])
for i = 2, #ARGV, 2 do
  if redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i]) == 1 then redis.call('XADD', KEYS[1], '*', 'i', ARGV[i + 1]) end
end
"""
    + _CUT
)
_READ: Final = Script(
    "local log, owner = unpack(KEYS)\n"
    + FENCE
    + """
-- ARGV: the group, who reads, from where, how many, ids that are done
-- Returns the time in ms, ids and fields. Only the owner may read.
if #ARGV > 4 then
  local done = {unpack(ARGV, 5)}
  redis.call('XACK', log, ARGV[1], unpack(done))
  redis.call('XDEL', log, unpack(done))
end
local found = redis.pcall('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', log, ARGV[3])
if type(found) == 'table' and found.err then
  redis.call('XGROUP', 'CREATE', log, ARGV[1], '0', 'MKSTREAM')
  found = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', log, ARGV[3])
end
local time = redis.call('TIME')
return {time[1] * 1000 + math.floor(time[2] / 1000), found and found[1][2] or {}}
"""
)
_DONE: Final = Script(
    """
-- KEYS: the stream   ARGV: the group, the ids
local group = table.remove(ARGV, 1)
redis.call('XACK', KEYS[1], group, unpack(ARGV))
redis.call('XDEL', KEYS[1], unpack(ARGV))
"""
)
_ASIDE: Final = Script(
    """
-- KEYS: the stream, where to   ARGV: the group, the id, the item, how many are kept
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'i', ARGV[3])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
"""
)


class StreamEntry(NamedTuple):
    """One item as it lies there."""

    id: bytes
    item: bytes
    was_read: bool = False
    """A reader before this one had it, and may have done what it asks for."""
    age: float = 0.0
    """Seconds since it was appended, by the server's clock."""


class RedisStream:
    """At the key, which has a hash tag. It is worked off by the owner of a lease, and by nobody else."""

    def __init__(
        self, connection: RedisConnection, pubsub: PubSub, key: str, lease: Lease | None = None, *, most: int = 0
    ) -> None:
        """Only who has the lease, whose keys are in the same slot, may read.

        Of more than `most`, about, those appended first go, done or not; with 0 all stay until they are done.
        """
        self._most = most
        self._connection = connection
        self._pubsub = pubsub
        self._lease = lease
        self.key = key
        self._after: str | None = _ALL
        """The id after which what was read and not acknowledged may be more than we know; None when it is not."""
        self._news = asyncio.Event()
        """Set while there may be something that was not read."""
        self._is_followed = False
        self._looked_at = 0.0
        """The time of the loop."""

    async def append(self, items: Sequence[bytes]) -> None:
        """Durable when it returns. One that failed may have come through: who reads knows what it has had.

        Raises InboxError.
        """
        if items:
            await self._connection.run(_APPEND, (self.key,), self._most, *items)

    async def append_once(self, items: Mapping[str, bytes]) -> None:
        """The same by names: what was appended under its name within the last minutes is not appended again.

        Raises InboxError.
        """
        if items:
            given = [part for name, item in items.items() for part in (name, item)]
            keys = (self.key, f"{self.key}:given")
            await self._connection.run(_APPEND_ONCE, keys, self._most, NAMES_FOR, *given)

    @contextmanager
    def followed(self) -> Iterator[None]:
        """For as long as the context lasts `read` is told of what is appended; without, it looks again each time."""
        self._is_followed = True
        try:
            with self._pubsub.heard_by(self.key, lambda _: self._news.set()):
                yield
        finally:
            self._is_followed = False

    async def read(self, limit: int, wait: float, done: Sequence[bytes] = ()) -> list[StreamEntry]:
        """The next items, at most `limit`; first what a reader before this one left. [] after `wait` seconds.

        They stay until they are acknowledged, for which there is `done` in the next read: it costs nothing there. Those
        that are not may come again after the connection failed. Raises InboxError, and InboxTaken when another process
        has the lease now.
        """
        now = asyncio.get_running_loop().time
        deadline = now() + wait
        if not self._is_followed:
            self._news.set()
        while True:
            checkpoint()
            look_at = self._looked_at + (min(wait, DONE_WITHIN) if done else LOOK_EVERY)
            if not await self._may_have_more(min(look_at, deadline)) and now() < look_at:
                return []
            found = await self._look(limit, done)
            done = ()
            if found or now() >= deadline:
                return found

    async def _may_have_more(self, until: float) -> bool:
        """Whether there may be something new by then, a time of the loop."""
        if self._after is None and not self._news.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._news.wait()
        return self._after is not None or self._news.is_set()

    async def _look(self, limit: int, done: Sequence[bytes]) -> list[StreamEntry]:
        self._looked_at = asyncio.get_running_loop().time()
        self._news.clear()
        try:
            found = await self._connection.ask(self._next, limit, done)
        except InboxError:  # it may have been given to us all the same
            self._after = _ALL
            raise
        if len(found) >= limit:
            self._news.set()
        return found

    async def _next(self, limit: int, done: Sequence[bytes]) -> list[StreamEntry]:
        """Repeated as a whole: a read that did not come to its end may have given us what we never saw."""
        while self._after is not None and (left := await self._read(self._after, limit, done)):
            self._after = left[-1].id.decode()
            if gone := [entry.id for entry in left if entry.item == GONE]:
                await self._connection.run_once(_DONE, (self.key,), GROUP, *gone)
            if there := [entry._replace(was_read=True) for entry in left if entry.item != GONE]:
                return there
        self._after = _ALL
        found = await self._read(">", limit, done)
        self._after = None
        return found

    async def _read(self, start: str, limit: int, done: Sequence[bytes]) -> list[StreamEntry]:
        assert self._lease is not None, "who reads needs a lease"
        keys = (self.key, self._lease.owner_key)
        given = (self._lease.caller, GROUP, READER, start, limit, *done)
        time, found = await self._connection.run_once(_READ, keys, *given)
        return [StreamEntry(id, fields[1] if fields else GONE, age=_age(id, time)) for id, fields in found]

    async def acknowledge(self, ids: Sequence[bytes]) -> None:
        """They are done, and gone. Raises InboxError."""
        if ids:
            await self._connection.run(_DONE, (self.key,), GROUP, *ids)

    async def set_aside(self, entry: StreamEntry, problem: Exception) -> None:
        """Have what no reader of this version can read wait elsewhere, so that it holds up nothing. Raises InboxError.

        Whoever wants it done after all appends it again, for a version that can.
        """
        aside = f"{self.key}:unreadable"
        await self._connection.run(_ASIDE, (self.key, aside), GROUP, entry.id, entry.item, SET_ASIDE)
        log.error(
            "%s: an entry cannot be read (%s), as of a newer relay; it lies in %s",
            self.key,
            type(problem).__name__,
            aside,
        )

    async def length(self) -> int:
        """How many are not done. Raises InboxError."""
        return int(await self._connection.ask(self._connection.client.xlen, self.key))


def _age(id: bytes, time: int) -> float:
    """An id begins with the milliseconds of the server's clock; a fail-over may bring another clock."""
    return max(0.0, (time - int(id.partition(b"-")[0])) / 1000)
