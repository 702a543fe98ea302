"""A durable list in Redis: several processes append to it, and one at a time works it off, in order."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from relay.bus.connection import RedisConnection, Script
from relay.bus.lease import FENCE, Lease
from relay.bus.pubsub import PubSub
from relay.system.cancellation import checkpoint

GROUP: Final = "readers"
READER: Final = "reader"
"""Always the same: whoever reads has a lease, so whoever read before is gone."""
NAMES_FOR: Final = 600
"""Seconds for which names are remembered: longer than anybody hands over again what he may have handed over."""
LOOK_EVERY: Final = 1.0
"""Seconds after which a reader looks although nobody told of anything new."""

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
-- ARGV: the group, who reads, from where, how many   Returns ids and fields. Only the owner of the lease may read.
local found = redis.pcall('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', log, ARGV[3])
if type(found) == 'table' and found.err then
  redis.call('XGROUP', 'CREATE', log, ARGV[1], '0', 'MKSTREAM')
  found = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[4], 'STREAMS', log, ARGV[3])
end
return found and found[1][2] or {}
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


class StreamEntry(NamedTuple):
    """One item as it lies there."""

    id: bytes
    item: bytes
    was_read: bool = False
    """A reader before this one had it, and may have done what it asks for."""


class RedisStream:
    """At the key, which has a hash tag. It is worked off by the owner of a lease, and by nobody else."""

    def __init__(self, connection: RedisConnection, pubsub: PubSub, key: str, lease: Lease | None = None) -> None:
        """Only who has the lease, whose keys are in the same slot, may read."""
        self._connection = connection
        self._pubsub = pubsub
        self._lease = lease
        self.key = key
        self._torn = True
        """What was read and not acknowledged may be more than we know."""

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
                if found := await self._connection.ask(self._next, limit):
                    return found
                if (left := deadline - now()) <= 0:
                    return []
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(left, LOOK_EVERY)):
                        await came.wait()

    async def _next(self, limit: int) -> list[StreamEntry]:
        """Repeated as a whole: a read that did not come to its end may have given us what we never saw."""
        if self._torn and (left := await self._read("0", limit)):
            return [entry._replace(was_read=True) for entry in left]
        self._torn = True
        found = await self._read(">", limit)
        self._torn = False
        return found

    async def _read(self, start: str, limit: int) -> list[StreamEntry]:
        assert self._lease is not None, "who reads needs a lease"
        keys = (self.key, self._lease.owner_key)
        found = await self._connection.run_once(_READ, keys, self._lease.token or "", GROUP, READER, start, limit)
        return [StreamEntry(id, fields[1]) for id, fields in found if fields]

    async def acknowledge(self, ids: Sequence[bytes]) -> None:
        """They are done, and gone. Raises InboxError."""
        if ids:
            await self._connection.run(_DONE, (self.key,), GROUP, *ids)

    async def length(self) -> int:
        """How many are not done. Raises InboxError."""
        return int(await self._connection.ask(self._connection.client.xlen, self.key))
