"""The memory in Redis or Valkey: one string for each account, and an index by when it was seen last.

Redis forgets what is deleted, but an append-only file remembers how it came about; so after something was to be erased
the server is asked to write that file anew.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from functools import partial
from typing import Any, Final, TypeVar

from relay.bus.connection import RedisConnection
from relay.bus.namespace import key_in
from relay.bus.script import Script
from relay.errors import ConfigError, InboxError, MemoryUnavailable
from relay.memory.base import AT_ONCE, Change
from relay.memory.records import Acquaintance, accounts_of, forgotten

log = logging.getLogger(__name__)

T = TypeVar("T")
VERSION: Final = 1
"""Of what is kept and how; none that is noted is 1."""
LOOK_EVERY: Final = 0.05
"""Seconds between two looks whether Redis has written its file anew."""


_SWAP: Final = Script(
    """
-- KEYS: the index, then those of people   ARGV: for each what was there, what is to be there ('' for nothing), when
-- it was seen and who it is.   Returns 1, or 0 when something else is there: nothing is done then.
for i = 2, #KEYS do
  if (redis.call('GET', KEYS[i]) or '') ~= ARGV[4 * i - 7] then return 0 end
end
for i = 2, #KEYS do
  local body, seen, viewer = ARGV[4 * i - 6], ARGV[4 * i - 5], ARGV[4 * i - 4]
  if body == '' then
    redis.call('DEL', KEYS[i])
    redis.call('ZREM', KEYS[1], viewer)
  else
    redis.call('SET', KEYS[i], body)
    redis.call('ZADD', KEYS[1], seen, viewer)
  end
end
return 1
"""
)


class RedisMemory:
    """A MemoryStore below `namespace`, on a connection that may serve others, too."""

    def __init__(self, connection: RedisConnection, *, namespace: str) -> None:
        self._connection = connection
        self._redis: Any = connection.client
        self._index = key_in(namespace, "memory")
        self._version = key_in(namespace, "memory-version")
        self._owes_rewrite = False

    def _key(self, viewer: str) -> str:
        return f"{self._index}:{viewer}"

    async def open(self) -> None:
        await self._ask(self._connection.open)
        version = int(await self._ask(lambda: self._redis.get(self._version)) or VERSION)
        if version > VERSION:
            raise ConfigError(
                f"inbox.url: the memory in {self._connection.name} was written by a newer relay (layout {version}, "
                f"this one knows {VERSION}): run that one, or give this one another relay.name"
            )
        await self._ask(lambda: self._redis.set(self._version, VERSION))

    async def close(self) -> None:
        await self._connection.close()

    async def get(self, viewers: Collection[str]) -> dict[str, Acquaintance]:
        bodies = await self._ask(lambda: self._read(viewers))
        return {viewer: Acquaintance.model_validate_json(body) for viewer, body in bodies.items() if body is not None}

    async def change(self, viewers: Collection[str], change: Change, *, erase: bool = False) -> None:
        if viewers:
            await self._ask(lambda: self._change(viewers, change))
        if erase:
            await self._erase()

    async def _change(self, viewers: Collection[str], change: Change) -> None:
        while not await self._try(viewers, change):  # another process was quicker: look again
            pass

    async def _try(self, viewers: Collection[str], change: Change) -> bool:
        before = await self._read(viewers)
        known = {viewer: Acquaintance.model_validate_json(body) for viewer, body in before.items() if body is not None}
        after = change(known)
        if not after:
            return True
        keys = (self._index, *map(self._key, after))
        fields: list[object] = []
        for viewer, then in after.items():
            body, seen = ("", 0.0) if then is None else (then.model_dump_json(), then.last_seen)
            fields += [before[viewer] or "", body, seen, viewer]
        return bool(await self._connection.run_once(_SWAP, keys, *fields))

    async def trim(self, older_than: float, most: int) -> int:
        total = 0
        while gone := await self._ask(lambda: self._superfluous(older_than, most)):
            people = accounts_of((await self.get(gone)).values())
            await self.change(sorted(people.union(gone)), partial(forgotten, gone=gone))
            total += len(gone)
        if total or self._owes_rewrite:
            await self._erase()
        return total

    async def _superfluous(self, older_than: float, most: int) -> list[str]:
        """Some of those to be forgotten."""
        found = await self._redis.zrangebyscore(self._index, "-inf", f"({older_than}", start=0, num=AT_ONCE)
        excess = await self._redis.zcard(self._index) - most
        if not found and excess > 0:
            found = await self._redis.zrange(self._index, 0, min(excess, AT_ONCE) - 1)
        return [viewer.decode() for viewer in found]

    async def everyone(self) -> AsyncIterator[Acquaintance]:
        viewers = [viewer.decode() for viewer in await self._ask(lambda: self._redis.zrange(self._index, 0, -1))]
        for start in range(0, len(viewers), AT_ONCE):
            for known in (await self.get(viewers[start : start + AT_ONCE])).values():
                yield known

    async def _read(self, viewers: Collection[str]) -> dict[str, bytes | None]:
        if not viewers:
            return {}
        bodies = await self._redis.mget(list(map(self._key, viewers)))
        return dict(zip(viewers, bodies, strict=True))

    async def _erase(self) -> None:
        """Have the server's append-only file written anew. What a rewriting under way has read holds it still."""
        self._owes_rewrite = True
        try:
            await self._connection.ask(self._rewrite)
        except InboxError as error:
            log.warning("what was forgotten stays in Redis's append-only file for now: %s", error)
        else:
            self._owes_rewrite = False

    async def _rewrite(self) -> None:
        while True:
            state = await self._redis.info("persistence")
            if not state.get("aof_enabled"):
                return
            if not state.get("aof_rewrite_in_progress"):
                await self._redis.bgrewriteaof()
                return
            await asyncio.sleep(LOOK_EVERY)

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            return await self._connection.ask(call)
        except InboxError as error:
            raise MemoryUnavailable(f"the memory in {error}") from error
