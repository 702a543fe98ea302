"""What Redis itself says of how it keeps things, as far as a person should mend it."""

import asyncio
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from redis.asyncio import RedisCluster

from relay.bus.connection import RedisConnection, is_transient
from relay.errors import InboxError

FULL: Final = 0.8
"""The share of `maxmemory` from which on people are told."""
KEEPING: Final = "noeviction"
FRESH: Final = 30.0
"""Seconds for which what was found is told to whoever else asks."""


async def troubles(connection: RedisConnection) -> list[str]:
    """What has to be mended, one line each, [] when all is well. Raises InboxError."""
    found = [line for state in await _states(connection, "memory") for line in _full(state)]
    loses_all, _ = await _unwritten(connection)
    return _named(connection, [*found, *loses_all])


class ServerLooks:
    """What many who share one way to Redis ask of it: it is looked for once for all of them."""

    def __init__(self, connection: RedisConnection) -> None:
        self._connection = connection
        self._looking = asyncio.Lock()
        self._found: list[str] = []
        self._fresh_until = -math.inf

    async def troubles(self) -> list[str]:
        """As they were a moment ago. Raises InboxError."""
        now = asyncio.get_running_loop().time
        async with self._looking:
            if now() >= self._fresh_until:
                self._found = await troubles(self._connection)
                self._fresh_until = now() + FRESH
            return self._found


async def remarks(connection: RedisConnection) -> list[str]:
    """What is worth a look and may be right as it is, one line each. Raises InboxError."""
    _, loses_some = await _unwritten(connection)
    return _named(connection, loses_some)


def _named(connection: RedisConnection, lines: Sequence[str]) -> list[str]:
    return [f"{connection.name}: {line}" for line in dict.fromkeys(lines)]


async def _states(connection: RedisConnection, section: str) -> Sequence[Mapping[str, Any]]:
    """Of each server that may have something of ours, one section of what it tells: to read all takes milliseconds."""
    client = connection.client
    if not isinstance(client, RedisCluster):
        return [await connection.ask(client.info, section)]
    answers = await connection.ask(client.info, section, target_nodes=RedisCluster.PRIMARIES)
    return list(answers.values())


def _full(state: Mapping[str, Any]) -> Iterator[str]:
    most, used = int(state.get("maxmemory", 0)), int(state.get("used_memory", 0))
    policy = str(state.get("maxmemory_policy", KEEPING))
    if most and policy != KEEPING:
        yield f"maxmemory-policy is {policy}, so what waits may be thrown away when it is full; set {KEEPING}"
    if most and used >= FULL * most:
        yield (
            f"{used / most:.0%} of maxmemory is used ({used >> 20} of {most >> 20} MiB); when it is full, nothing new "
            "is taken: raise maxmemory, or lower inbox.max_count or inbox.keep"
        )


async def _unwritten(connection: RedisConnection) -> tuple[Sequence[str], Sequence[str]]:
    """What its end would cost: all, and some of it."""
    states = [state for state in await _states(connection, "persistence") if not int(state.get("aof_enabled", 1))]
    if not states:
        return [], []
    snapshots = await _snapshots(connection)
    if snapshots is None:
        return [], [
            "appendonly is off, and the server does not say how else it keeps data (CONFIG is refused, as where it is "
            "managed): look there whether a restart keeps what is stored"
        ]
    if any(str(state.get("rdb_last_bgsave_status", "ok")) != "ok" for state in states):
        return ["appendonly is off and the last snapshot failed: its log says why; set appendonly yes"], []
    if snapshots or all(int(state.get("rdb_saves", 0)) for state in states):
        return [], ["appendonly is off, so a crash of Redis loses what came since its snapshot; set appendonly yes"]
    return ["appendonly is off and no snapshots are made, so a restart of Redis loses all; set appendonly yes"], []


async def _snapshots(connection: RedisConnection) -> str | None:
    """When the server makes some by itself, as its setting says, "" for never; None where it does not tell."""
    try:
        found: Mapping[str, str] = await connection.ask(connection.client.config_get, "save")
    except InboxError as error:
        if error.__cause__ is None or is_transient(error.__cause__):
            raise
        return None
    return found.get("save")
