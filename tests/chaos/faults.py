"""What can go wrong around a relay. Each fault happens, and is over when its function returns."""

import asyncio
import os
import resource
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis

from tests.chaos import clock
from tests.chaos.stage import PASSWORD, Engine, Surroundings

HOUR, DAY = 3_600.0, 86_400.0
COMPLETION = b'"type":3'
"""What Voxta's answer to a call holds. SignalR's hub protocol, "Completion Message Encoding"."""
FILLING = 3_000
"""Keys that Redis loads besides the relay's, so that it takes a while."""

Act = Callable[[Surroundings], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    name: str
    engine: Engine
    act: Act
    takes: float = 0.0
    """Seconds it lasts."""
    alone: bool = False
    """Whether it befalls the whole process, whatever runs in it."""
    forgets: bool = False
    """Whether it takes from the store what waits there, so that losing that is no fault of the relay's."""


async def _reset(around: Surroundings) -> None:
    around.voxta.drop()


async def _lose_answers(around: Surroundings) -> None:
    around.voxta.swallow_answers()
    await asyncio.sleep(0.3)
    around.voxta.drop()


def _cut_at_answer(share: float) -> Act:
    async def cut(around: Surroundings) -> None:
        around.voxta.cut_at(COMPLETION, share)
        await around.recovers(2.0)

    return cut


async def _desert(around: Surroundings) -> None:
    around.voxta.desert()


async def _stall_and_reset(around: Surroundings) -> None:
    around.voxta.freeze()
    await asyncio.sleep(1.5)
    around.voxta.drop()
    around.voxta.thaw()


async def _reset_store(around: Surroundings) -> None:
    around.store.drop()


async def _slow_store(around: Surroundings) -> None:
    around.store.delay = 0.3
    await asyncio.sleep(3.0)
    around.store.delay = 0.0


async def _desert_store(around: Surroundings) -> None:
    around.store.desert()


async def _stop_store(around: Surroundings) -> None:
    os.kill(around.redis.pid, signal.SIGSTOP)
    await asyncio.sleep(3.0)
    os.kill(around.redis.pid, signal.SIGCONT)


async def _load_store(around: Surroundings) -> None:
    """Redis reads everything from its file again, slowly, and refuses its clients meanwhile."""
    async with _administrating(around) as client:
        async with client.pipeline(transaction=False) as pipe:
            for number in range(FILLING):
                pipe.set(f"filling:{number}", number)
            await pipe.execute()
        await client.config_set("key-load-delay", 500)
        await client.execute_command("DEBUG", "LOADAOF")
        await client.config_set("key-load-delay", 0)


async def _rotate_password(around: Surroundings) -> None:
    """Somebody gives Redis another password, and the old one again later."""
    async with _administrating(around) as client:
        await client.config_set("requirepass", "another-password")
        await client.execute_command("CLIENT", "KILL", "SKIPME", "yes", "TYPE", "normal")
        await asyncio.sleep(3.0)
        await client.config_set("requirepass", PASSWORD)


async def _kill_store(around: Surroundings) -> None:
    await asyncio.to_thread(around.redis.kill)
    await asyncio.to_thread(around.redis.start)


def _told(before: tuple[Any, ...], after: tuple[Any, ...], seconds: float = 1.0) -> Act:
    """Redis is told to fail, and a while later to work again."""

    async def act(around: Surroundings) -> None:
        async with _administrating(around) as client:
            await client.execute_command(*before)
            await asyncio.sleep(seconds)
            await client.execute_command(*after)

    return act


def _administrating(around: Surroundings) -> Any:
    """A client of Redis itself, beside the faulty way there."""
    return redis.Redis(port=around.redis.port, password=PASSWORD, socket_timeout=30, single_connection_client=True)


async def _fill_disk(around: Surroundings) -> None:
    """No file of this process can grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        await asyncio.sleep(1.5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _move_clock(seconds: float) -> Act:
    """The wall clock is set while messages wait, as when it was wrong at the start of the machine."""

    async def move(around: Surroundings) -> None:
        around.voxta.freeze()
        await asyncio.sleep(0.5)
        clock.move(seconds)
        await asyncio.sleep(0.5)
        around.voxta.thaw()

    return move


def _clocks(engine: Engine) -> tuple[Fault, ...]:
    shifts = {"an hour ahead": HOUR, "an hour back": -HOUR, "a day ahead": DAY, "a day back": -DAY}
    return tuple(
        Fault(f"clock: {shift}, over {engine}", engine, _move_clock(seconds), 1.0, alone=True)
        for shift, seconds in shifts.items()
    )


FAULTS = (
    Fault("Voxta: connection reset", "sqlite", _reset),
    Fault("Voxta: answers lost, then reset", "sqlite", _lose_answers, 0.3),
    Fault("Voxta: cut before the completion", "sqlite", _cut_at_answer(0.0)),
    Fault("Voxta: cut within the completion", "sqlite", _cut_at_answer(0.5)),
    Fault("Voxta: cut after the completion", "sqlite", _cut_at_answer(1.0)),
    Fault("Voxta: half-open connection", "sqlite", _desert),
    Fault("Voxta: nobody there for 2 s", "sqlite", lambda around: around.voxta.stay_away(2.0), 2.0),
    Fault("Voxta: stalled for 1.5 s", "sqlite", lambda around: around.voxta.stall(1.5), 1.5),
    Fault("Voxta: stalled, then reset", "sqlite", _stall_and_reset, 1.5),
    Fault("Voxta: accepts and says nothing for 4 s", "sqlite", lambda around: around.voxta.accept_in_silence(4.0), 4.0),
    Fault("disk: full for 1.5 s", "sqlite", _fill_disk, 1.5, alone=True),
    Fault("Voxta and Redis: answers lost, then reset", "redis", _lose_answers, 0.3),
    Fault("Redis: connections reset", "redis", _reset_store),
    Fault("Redis: half-open connections", "redis", _desert_store),
    Fault("Redis: slow (0.3 s each way) for 3 s", "redis", _slow_store, 3.0),
    Fault("Redis: paused for 2.5 s", "redis", lambda around: around.store.stall(2.5), 2.5),
    Fault("Redis: stopped (SIGSTOP) for 3 s", "redis", _stop_store, 3.0),
    Fault("Redis: loading", "redis", _load_store, 1.5),
    Fault("Redis: password changed for 3 s", "redis", _rotate_password, 3.0),
    Fault("Redis: nobody there for 3 s", "redis", lambda around: around.store.stay_away(3.0), 3.0),
    Fault("Redis: nobody there for 80 s", "redis", lambda around: around.store.stay_away(80.0), 80.0),
    Fault("Redis: killed and started again", "redis", _kill_store, 0.5),
    Fault(
        "Redis: out of memory for 1 s",
        "redis",
        _told(("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        1.0,
    ),
    Fault("Redis: read-only for 1 s", "redis", _told(("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")), 1.0),
    Fault("Redis: flushed", "redis", _told(("FLUSHALL",), ("PING",), 0.0), forgets=True),
    *_clocks("sqlite"),
    *_clocks("redis"),
)
