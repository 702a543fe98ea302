"""What Redis itself says of how it keeps things, as far as a person should mend it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import RedisCluster

from relay.bus.connection import RedisConnection

FULL: Final = 0.8
"""The share of `maxmemory` from which on people are told."""
KEEPING: Final = "noeviction"


async def troubles(connection: RedisConnection) -> list[str]:
    """One line each, [] when all is well. Raises InboxError."""
    found = [line for state in await _states(connection) for line in _of(state)]
    return [f"{connection.name}: {line}" for line in dict.fromkeys(found)]


async def _states(connection: RedisConnection) -> Sequence[Mapping[str, Any]]:
    """Of each server that may have something of ours."""
    client = connection.client
    if not isinstance(client, RedisCluster):
        return [await connection.ask(client.info, "everything")]
    answers = await connection.ask(client.info, "everything", target_nodes=RedisCluster.PRIMARIES)
    return list(answers.values())


def _of(state: Mapping[str, Any]) -> list[str]:
    lines = []
    most, used = int(state.get("maxmemory", 0)), int(state.get("used_memory", 0))
    policy = str(state.get("maxmemory_policy", KEEPING))
    if most and policy != KEEPING:
        lines.append(f"maxmemory-policy is {policy}, so what waits may be thrown away when it is full; set {KEEPING}")
    if most and used >= FULL * most:
        lines.append(
            f"{used / most:.0%} of maxmemory is used ({used >> 20} of {most >> 20} MiB); when it is full, nothing new "
            "is taken: raise maxmemory, or lower inbox.max_count or inbox.keep"
        )
    if "aof_enabled" in state and not int(state["aof_enabled"]):
        lines.append("appendonly is off, so a crash of Redis loses what came since its snapshot; set appendonly yes")
    return lines
