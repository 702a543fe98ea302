"""A durable list in Redis: several processes append to it, and one at a time works it off, in order."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from relay.bus.connection import RedisConnection, Script
from relay.bus.lease import FENCE, Lease
from relay.bus.pubsub import PubSub
from relay.errors import InboxError
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

GROUP: Final = "readers"
READER: Final = "reader"
"""Always the same: whoever reads has a lease, so whoever read before is gone."""
NAMES_FOR: Final = 600
"""Seconds for which names are remembered: longer than anybody hands over again what he may have handed over."""
LOOK_EVERY: Final = 5.0
"""Seconds after which a reader looks although nobody told of anything new."""

_ALL: Final = "0"
SET_ASIDE: Final = 1_000
"""Unreadable entries that are kept, about; of more the oldest go."""

_APPEND: Final = Script(
    """
-- KEYS: the stream   ARGV: the items
for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'i', ARGV[i]) end
redis.call('PUBLISH', KEYS[1], '')
"""
)
_APPEND_ONCE: Final = Script(
    """
-- KEYS: the stream, the names given lately   ARGV: for how many seconds, then names and items
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[1])
for i = 2, #ARGV, 2 do
  if redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i]) == 1 then redis.call('XADD', KEYS[1], '*', 'i', ARGV[i + 1]) end
end
redis.call('PUBLISH', KEYS[1], '')
"""
)
_READ: Final = Script(
    "local log, owner = unpack(KEYS)\n"
    + FENCE
    + """
-- ARGV: the group, who reads, from where, how many   Returns the time in ms, ids and fields. Only the owner may read.
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

    def __init__(self, connection: RedisConnection, pubsub: PubSub, key: str, lease: Lease | None = None) -> None:
        """Only who has the lease, whose keys are in the same slot, may read."""
        self._connection = connection
        self._pubsub = pubsub
        self._lease = lease
        self.key = key
        self._after: str | None = _ALL
        """The id after which what was read and not acknowledged may be more than we know; None when it is not."""

    async def append(self, items: Sequence[bytes]) -> None:
        """Durable when it returns. One that failed may have come through: who reads knows what it has had.

        Raises InboxError.
        """
        if items:
            await self._connection.run(_APPEND, (self.key,), *items)

    async def append_once(self, items: Mapping[str, bytes]) -> None:
        """The same by names: what was appended under its name within the last minutes is not appended again.

        Raises InboxError.
        """
        if items:
            given = [part for name, item in items.items() for part in (name, item)]
            await self._connection.run(_APPEND_ONCE, (self.key, f"{self.key}:given"), NAMES_FOR, *given)

    async def read(self, limit: int, wait: float) -> list[StreamEntry]:
        """The next items, at most `limit`; first what a reader before this one left. [] after `wait` seconds.

        They stay until they are acknowledged; those that are not may come again after the connection failed. Raises
        InboxError, and InboxTaken when another process has the lease now.
        """
        now = asyncio.get_running_loop().time
        deadline, came = now() + wait, asyncio.Event()
        with self._pubsub.heard_by(self.key, lambda _: came.set()):
            while True:
                checkpoint()
                came.clear()
                try:
                    found = await self._connection.ask(self._next, limit)
                except InboxError:  # it may have been given to us all the same
                    self._after = _ALL
                    raise
                if found:
                    return found
                if (left := deadline - now()) <= 0:
                    return []
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_EVERY)):
                        await came.wait()

    async def _next(self, limit: int) -> list[StreamEntry]:
        """Repeated as a whole: a read that did not come to its end may have given us what we never saw."""
        if self._after is not None and (left := await self._read(self._after, limit)):
            self._after = left[-1].id.decode()
            return [entry._replace(was_read=True) for entry in left]
        self._after = _ALL
        found = await self._read(">", limit)
        self._after = None
        return found

    async def _read(self, start: str, limit: int) -> list[StreamEntry]:
        assert self._lease is not None, "who reads needs a lease"
        keys = (self.key, self._lease.owner_key)
        answer = await self._connection.run_once(_READ, keys, self._lease.token or "", GROUP, READER, start, limit)
        time, found = answer
        return [StreamEntry(id, fields[1], age=_age(id, time)) for id, fields in found if fields]

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
