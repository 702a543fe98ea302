"""kill -9 of the whole relay, at any moment of its life, while Voxta fails as well."""

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from relay.companion.serving.server import CompanionServer
from relay.config.loading import Config
from tests.chaos.faults import COMPLETION
from tests.chaos.stage import Engine, chosen, told_in, voxta
from tests.chaos.table import RECOVERY, Row
from tests.chaos.trial import Trial, account, left_over
from tests.chaos.victim import live, read
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import redis_server
from tests.end_to_end.stage import ONE_BY_ONE, relaying
from tests.support import eventually

EARLY: Final = 0.5
"""The share of processes that are killed at some moment of their start, whatever they have come to."""
START: Final = 1.0
"""Seconds a start takes, about."""
AGELESS: Final = {"chat_ttl": 3_600.0, "quiet_ttl": 3_600.0, "addressed_ttl": 3_600.0}
"""Seconds: a message may see many relays die before its turn comes, and its age is not what is tried here."""
LATER: Final = 0.5
"""Seconds within which the others are killed, once they have told something."""


def killing(engine: Engine, times: int) -> Trial:
    """Relays are killed one after the other, each started at once on what the one before it has left behind."""

    async def kill(row: Row, dice: random.Random, folder: Path) -> None:
        async with _theatre(engine, folder) as theatre:
            while row.faults < times:
                await _one_life(row, theatre, dice)
            row.stuck = await theatre.settle()
            account(row, read(theatre.ledger), theatre.told())

    return Trial(f"relay: killed (SIGKILL), over {engine}", kill)


async def _one_life(row: Row, theatre: "_Theatre", dice: random.Random) -> None:
    process = theatre.start()
    began = time.monotonic()
    if dice.random() < EARLY:
        await asyncio.sleep(dice.uniform(0.0, START))
    else:
        row.recovery_s = max(row.recovery_s, await theatre.recovers(began))
        theatre.harm(dice)
        await asyncio.sleep(dice.uniform(0.0, LATER))
    await _kill(process)
    theatre.heal()
    row.faults += 1


async def _kill(process: BaseProcess) -> None:
    assert process.pid is not None
    if process.exitcode is not None:
        raise RuntimeError(f"a relay ended by itself with {process.exitcode}")
    os.kill(process.pid, signal.SIGKILL)
    await asyncio.to_thread(process.join)
    process.close()


class _Theatre:
    """What outlives the relays: Voxta, the store and what the crowd has written."""

    def __init__(self, companion: CompanionServer, voxta: FaultyProxy, config: Config, ledger: Path) -> None:
        self.ledger = ledger
        self._companion = companion
        self._voxta = voxta
        self._config = config
        # not from this process, in which threads and a loop run
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["tests.chaos.victim"])

    def start(self) -> BaseProcess:
        given = (self._config.model_dump(), self._voxta.url, self.ledger)
        process = self._processes.Process(target=live, args=given, daemon=True)
        process.start()
        return process

    def told(self) -> Counter[str]:
        return told_in(self._companion)

    async def recovers(self, began: float) -> float:
        """Seconds until something new is told."""
        before = len(self.told())
        with suppress(TimeoutError):
            await eventually(lambda: len(self.told()) > before, seconds=2 * RECOVERY)
        return time.monotonic() - began

    def harm(self, dice: random.Random) -> None:
        """Let something go wrong with Voxta, or nothing."""
        faults: list[Callable[[], None]] = [
            lambda: None,
            self._voxta.drop,
            self._voxta.swallow_answers,
            self._voxta.freeze,
            self._voxta.desert,
            lambda: self._voxta.cut_at(COMPLETION, dice.choice((0.0, 0.5, 1.0))),
        ]
        dice.choice(faults)()

    def heal(self) -> None:
        self._voxta.drop()
        self._voxta.thaw()

    async def settle(self) -> int:
        """Let a last relay tell what is left, without a crowd. How many messages it leaves without an outcome."""
        async with relaying(self._config, self._voxta.url, lambda *_: []) as (relay, _):
            return await left_over(relay)


@asynccontextmanager
async def _theatre(engine: Engine, folder: Path) -> AsyncIterator[_Theatre]:
    async with AsyncExitStack() as stack:
        companion, way = await stack.enter_async_context(voxta())
        inbox: dict[str, object] = {"engine": engine}
        if engine == "redis":
            inbox["url"] = stack.enter_context(redis_server()).url
        yield _Theatre(companion, way, chosen(folder, inbox, selection=ONE_BY_ONE | AGELESS), folder / "ledger")
