"""A durable list in Redis: several processes append to it, and one at a time works it off, in order."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

from redis.exceptions import ResponseError

from relay.bus.connection import RedisConnection, Script
from relay.bus.pubsub import PubSub
from relay.system.cancellation import checkpoint

GROUP: Final = "readers"
READER: Final = "reader"
"""Always the same: whoever reads has a lease, so whoever read before is gone."""
LOOK_EVERY: Final = 1.0
"""Seconds after which a reader looks although nobody told of anything new."""

_APPEND: Final = Script(
    """
-- KEYS: the stream   ARGV: the items
for i = 1, #ARGV do redis.call('XADD', KEYS[1], '*', 'i', ARGV[i]) end
redis.call('PUBLISH', KEYS[1], '')
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
    """At the key, which has a hash tag."""

    def __init__(self, connection: RedisConnection, pubsub: PubSub, key: str) -> None:
        self._connection = connection
        self._redis: Any = connection.client
        self._pubsub = pubsub
        self.key = key
        self._torn = True
        """What was read and not acknowledged may be more than we know."""

    async def append(self, items: Sequence[bytes]) -> None:
        """Durable when it returns. One that failed may have come through: who reads knows what it has had.

        Raises InboxError.
        """
        if items:
            await self._connection.run(_APPEND, (self.key,), *items)

    async def read(self, limit: int, wait: float) -> list[StreamEntry]:
        """The next items, at most `limit`; first what a reader before this one left. [] after `wait` seconds.

        They stay until they are acknowledged, which they have to be before the next are read. Raises InboxError.
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

    def take_over(self) -> None:
        """Somebody else may have read meanwhile: begin with what they left."""
        self._torn = True

    async def _next(self, limit: int) -> list[StreamEntry]:
        """Repeated as a whole: a read that did not come to its end may have given us what we never saw."""
        if self._torn and (left := await self._read("0", limit)):
            return [entry._replace(was_read=True) for entry in left]
        self._torn = True
        found = await self._read(">", limit)
        self._torn = False
        return found

    async def _read(self, start: str, limit: int) -> list[StreamEntry]:
        try:
            answer = await self._redis.xreadgroup(GROUP, READER, {self.key: start}, count=limit)
        except ResponseError as error:
            if "NOGROUP" not in str(error):
                raise
            with suppress(ResponseError):  # somebody else was quicker
                await self._redis.xgroup_create(self.key, GROUP, id="0", mkstream=True)
            return await self._read(start, limit)
        return [StreamEntry(id, fields[b"i"]) for id, fields in answer[0][1] if fields] if answer else []

    async def acknowledge(self, ids: Sequence[bytes]) -> None:
        """They are done, and gone. Raises InboxError."""
        if ids:
            await self._connection.run(_DONE, (self.key,), GROUP, *ids)

    async def length(self) -> int:
        """How many are not done. Raises InboxError."""
        return int(await self._connection.ask(self._redis.xlen, self.key))
