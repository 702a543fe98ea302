"""What can go wrong around a relay. Each fault happens, and is over when its function returns."""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis

from tests.chaos.stage import Engine, Surroundings

Act = Callable[[Surroundings], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    name: str
    engine: Engine
    act: Act
    takes: float = 0.0
    """Seconds it lasts."""
    forgets: bool = False
    """Whether it takes from the store what waits there, so that losing that is no fault of the relay's."""


async def _reset(around: Surroundings) -> None:
    around.voxta.drop()


async def _lose_answers(around: Surroundings) -> None:
    around.voxta.swallow_answers()
    await asyncio.sleep(0.3)
    around.voxta.drop()


async def _refuse(around: Surroundings) -> None:
    around.voxta.refusing = True
    around.voxta.drop()
    await asyncio.sleep(2.0)
    around.voxta.refusing = False


async def _stall(around: Surroundings) -> None:
    around.voxta.freeze()
    await asyncio.sleep(1.5)
    around.voxta.thaw()


async def _stall_and_reset(around: Surroundings) -> None:
    around.voxta.freeze()
    await asyncio.sleep(1.5)
    around.voxta.drop()
    around.voxta.thaw()


async def _accept_in_silence(around: Surroundings) -> None:
    around.voxta.drop()
    around.voxta.freeze()
    await asyncio.sleep(4.0)
    around.voxta.drop()
    around.voxta.thaw()


async def _reset_store(around: Surroundings) -> None:
    around.store.drop()


async def _pause_store(around: Surroundings) -> None:
    around.store.freeze()
    await asyncio.sleep(2.5)
    around.store.thaw()


def _away(seconds: float) -> Act:
    async def away(around: Surroundings) -> None:
        around.store.refusing = True
        around.store.drop()
        await asyncio.sleep(seconds)
        around.store.refusing = False

    return away


async def _kill_store(around: Surroundings) -> None:
    await asyncio.to_thread(around.redis.kill)
    await asyncio.to_thread(around.redis.start)


def _told(before: tuple[Any, ...], after: tuple[Any, ...], seconds: float = 1.0) -> Act:
    """Redis is told to fail, and a while later to work again."""

    async def act(around: Surroundings) -> None:
        client: Any = redis.Redis(port=around.redis.port, socket_timeout=5)
        try:
            await client.execute_command(*before)
            await asyncio.sleep(seconds)
            await client.execute_command(*after)
        finally:
            await client.aclose()

    return act


async def _fill_disk(around: Surroundings) -> None:
    """No file of this process can grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        await asyncio.sleep(1.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


FAULTS = (
    Fault("Voxta: connection reset", "sqlite", _reset),
    Fault("Voxta: answers lost, then reset", "sqlite", _lose_answers, 0.3),
    Fault("Voxta: nobody there for 2 s", "sqlite", _refuse, 2.0),
    Fault("Voxta: stalled for 1.5 s", "sqlite", _stall, 1.5),
    Fault("Voxta: stalled, then reset", "sqlite", _stall_and_reset, 1.5),
    Fault("Voxta: accepts and says nothing for 4 s", "sqlite", _accept_in_silence, 4.0),
    Fault("disk: full for 1.5 s", "sqlite", _fill_disk, 1.5),
    Fault("Voxta and Redis: answers lost, then reset", "redis", _lose_answers, 0.3),
    Fault("Redis: connections reset", "redis", _reset_store),
    Fault("Redis: paused for 2.5 s", "redis", _pause_store, 2.5),
    Fault("Redis: nobody there for 3 s", "redis", _away(3.0), 3.0),
    Fault("Redis: killed and started again", "redis", _kill_store, 0.5),
    Fault(
        "Redis: out of memory for 1 s",
        "redis",
        _told(("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        1.0,
    ),
    Fault("Redis: read-only for 1 s", "redis", _told(("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")), 1.0),
    Fault("Redis: flushed", "redis", _told(("FLUSHALL",), ("PING",), 0.0), forgets=True),
)
LONG = (Fault("Redis: nobody there for 80 s", "redis", _away(80.0), 80.0),)
"""Those that are left out of the short form."""
