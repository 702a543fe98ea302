"""The memory in Redis or Valkey: one string for each account, and an index by when it was seen last.

Redis forgets what is deleted, but an append-only file remembers how it came about; so after something was to be erased
the server is asked to write that file anew.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from redis.exceptions import WatchError

from relay.bus.connection import RedisConnection
from relay.errors import InboxError, MemoryUnavailable
from relay.memory.base import AT_ONCE, Change
from relay.memory.records import Acquaintance

log = logging.getLogger(__name__)

T = TypeVar("T")
LOOK_EVERY: Final = 0.05
"""Seconds between two looks whether Redis has written its file anew."""


class RedisMemory:
    """A MemoryStore below `namespace`. `timeout` in seconds."""

    def __init__(self, url: str, *, namespace: str, timeout: float) -> None:
        self._connection = RedisConnection(url, timeout=timeout, prepare=_nothing)
        self._redis = self._connection.client
        self._index = f"{{{namespace}}}:memory"
        self._owes_rewrite = False

    def _key(self, viewer: str) -> str:
        return f"{self._index}:{viewer}"

    async def open(self) -> None:
        await self._ask(self._connection.open)

    async def close(self) -> None:
        await self._connection.close()

    async def get(self, viewers: Collection[str]) -> dict[str, Acquaintance]:
        return await self._ask(lambda: self._read(self._redis, viewers))

    async def change(self, viewers: Collection[str], change: Change, *, erase: bool = False) -> None:
        if viewers:
            await self._ask(lambda: self._change(viewers, change))
        if erase:
            await self._erase()

    async def _change(self, viewers: Collection[str], change: Change) -> None:
        while True:
            async with self._redis.pipeline(transaction=True) as pipe:
                await pipe.watch(*map(self._key, viewers))
                after = change(await self._read(pipe, viewers))
                pipe.multi()
                for viewer, known in after.items():
                    if known is None:
                        pipe.delete(self._key(viewer)).zrem(self._index, viewer)
                    else:
                        pipe.set(self._key(viewer), known.model_dump_json())
                        pipe.zadd(self._index, {viewer: known.last_seen})
                try:
                    await pipe.execute()
                except WatchError:  # another process was quicker: look again
                    continue
                return

    async def trim(self, older_than: float, most: int) -> int:
        total = 0
        while gone := await self._ask(lambda: self._superfluous(older_than, most)):
            forgotten: dict[str, Acquaintance | None] = dict.fromkeys(gone)
            await self.change(gone, partial(_made, forgotten))
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

    async def _read(self, client: Any, viewers: Iterable[str]) -> dict[str, Acquaintance]:
        wanted = list(viewers)
        bodies = await client.mget(list(map(self._key, wanted))) if wanted else []
        pairs = zip(wanted, bodies, strict=True)
        return {viewer: Acquaintance.model_validate_json(body) for viewer, body in pairs if body is not None}

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


def _made(after: Mapping[str, Acquaintance | None], _: object) -> Mapping[str, Acquaintance | None]:
    """The change to what is decided already."""
    return after


async def _nothing() -> None:
    """Nothing has to be in place in the server."""
