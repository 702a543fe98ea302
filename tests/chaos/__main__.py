"""Every fault, several times each, while a crowd writes: what was lost, told twice or stuck, and how long it took.

`python -m tests.chaos` prints a table, and fails when any number is one it must not be. All servers are on this
machine. Unix only.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.chaos.faults import FAULTS, LONG, Fault
from tests.chaos.stage import crowd, surrounded

RECOVERY: Final = 10.0
"""Seconds after the end of a fault within which messages have to flow again."""
PATIENCE: Final = 60.0
"""Seconds after the last fault within which every message has to have its outcome."""


@dataclass
class Row:
    """What became of the messages of one kind of fault."""

    fault: Fault
    faults: int = 0
    messages: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    recovery_s: float = 0.0
    """The worst."""
    ended: str = ""
    """Why the relay ended, which it must not."""

    @property
    def is_well(self) -> bool:
        lost = 0 if self.fault.forgets else self.lost
        return not (lost or self.doubled or self.stuck or self.ended) and self.recovery_s < RECOVERY


async def suffer(fault: Fault, times: int, dice: random.Random, folder: Path) -> Row:
    """Let a fault happen again and again, each time at a random moment."""
    row = Row(fault)
    async with surrounded(fault.engine, folder) as around:
        writing = asyncio.create_task(crowd(around))
        try:
            await around.recovers(RECOVERY)
            for _ in range(times):
                await asyncio.sleep(dice.uniform(0.0, 0.5))
                await fault.act(around)
                row.faults += 1
                row.recovery_s = max(row.recovery_s, await around.recovers(RECOVERY))
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        row.messages = len(around.accepted)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await around.relay.quiet(empty=True)
        row.stuck = await around.relay.inbox.waiting()
        told = around.told()
        row.lost = sum(text not in told for text in around.accepted)
        row.doubled = sum(count > 1 for count in told.values())
    return row


async def main(times: int, *, long: bool, seed: int, only: str) -> list[Row]:
    dice = random.Random(seed)
    rows = []
    print(f"{'fault':<46}{'times':>6}{'messages':>10}{'lost':>6}{'doubled':>9}{'stuck':>7}{'recovery s':>12}")
    for fault in FAULTS + (LONG if long else ()):
        if only not in fault.name:
            continue
        with tempfile.TemporaryDirectory(prefix="relay-chaos-") as folder:
            count = 1 if fault.takes > 30 else times
            try:
                row = await suffer(fault, count, dice, Path(folder))
            except Exception as error:
                row = Row(fault, ended=f"{type(error).__name__}: {error}")
        rows.append(row)
        figures = f"{row.faults:>6}{row.messages:>10}{row.lost:>6}{row.doubled:>9}{row.stuck:>7}{row.recovery_s:>12.2f}"
        print(f"{fault.name:<46}{figures}{'' if row.is_well else '  <-- ' + (row.ended or 'wrong')}", flush=True)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--times", type=int, default=10, help="how often each fault happens")
    parser.add_argument("--short", action="store_true", help="without the faults that last for more than a minute")
    parser.add_argument("--only", default="", help="the faults whose names hold this")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    results = asyncio.run(main(given.times, long=not given.short, seed=given.seed, only=given.only))
    sys.exit(0 if all(row.is_well for row in results) else 1)
