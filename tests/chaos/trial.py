"""One row of the table in the making."""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from relay.application.composition import Relay
from tests.chaos.faults import Fault
from tests.chaos.stage import Surroundings, crowd, surrounded
from tests.chaos.table import PATIENCE, RECOVERY, Row

Run = Callable[[Row, random.Random, Path], Awaitable[None]]
"""Lets the fault happen and fills the row."""


@dataclass(frozen=True)
class Trial:
    name: str
    run: Run
    alone: bool = False
    """Whether no other may be held at the same time."""
    forgets: bool = False
    shares: str = ""
    """What only one trial can have at a time, such as TwitchIO's addresses, which are one process's."""

    async def held(self, seed: int) -> Row:
        """The row, whatever happens."""
        row = Row(self.name, self.forgets)
        with tempfile.TemporaryDirectory(prefix="relay-chaos-") as folder:
            try:
                await self.run(row, random.Random(f"{seed}/{self.name}"), Path(folder))
            except Exception as error:
                row.ended = f"{type(error).__name__}: {error}"
        return row


def suffering(fault: Fault, times: int) -> Trial:
    """A fault around a relay of this process, again and again, each time at a random moment."""

    async def suffer(row: Row, dice: random.Random, folder: Path) -> None:
        async with surrounded(fault.engine, folder) as around:
            writing = asyncio.create_task(crowd(around))
            try:
                await around.recovers(RECOVERY)
                for _ in range(times):
                    await _happen(row, fault, around, dice)
            finally:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
            row.stuck = await left_over(around.relay)
            account(row, around.accepted, around.in_chat())

    return Trial(fault.name, suffer, fault.alone, fault.forgets)


async def _happen(row: Row, fault: Fault, around: Surroundings, dice: random.Random) -> None:
    await asyncio.sleep(dice.uniform(0.0, 0.5))
    await fault.act(around)
    row.faults += 1
    row.recovery_s = max(row.recovery_s, await around.recovers(2 * RECOVERY))


async def left_over(relay: Relay) -> int:
    """How many messages have no outcome when there was time enough."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await relay.quiet(empty=True)
    return await relay.inbox.waiting()


def account(row: Row, accepted: Iterable[str], told: Counter[str]) -> None:
    """Compare what was taken in with what was told."""
    texts = list(accepted)
    row.messages = len(texts)
    row.lost = sum(text not in told for text in texts)
    row.doubled = sum(count > 1 for count in told.values())
