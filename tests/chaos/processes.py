"""A relay in several processes loses one after the other, again and again, while a crowd writes and is answered.

`python -m tests.chaos.processes` prints a table like that of `python -m tests.chaos`, and fails as that does: each kind
of process is killed, stopped for longer than its lease, and cut off from Redis. With `--quick` each kind is killed once
and a core is stopped, and no time decides. Unix only.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.company import Company, company
from tests.chaos.options import end, given, options
from tests.chaos.process_faults import CUTS, KILLS, QUICK, STOPS, ProcessFault, Scene
from tests.chaos.table import HEADING, PATIENCE, Row

APART: Final = 1.0
"""The most seconds between two faults, besides those that the fault asks for."""

Task = tuple[ProcessFault, int]
"""A fault, and how often it happens."""


async def suffer(row: Row, fault: ProcessFault, relay: Company, times: int, dice: random.Random, within: float) -> None:
    """Fill the row; once so many seconds are over, the fault happens no more."""
    first = max(relay.written, default=0) + 1
    async with relay.crowd():
        until = time.monotonic() + within
        while row.faults < times and (row.faults == 0 or time.monotonic() < until):
            await asyncio.sleep(fault.rest + dice.uniform(0.0, APART))
            row.recovery_s = max(row.recovery_s, await _happen(fault, relay))
            row.faults += 1
            for member in relay.members:
                member.check()
    await relay.settled(PATIENCE)
    relay.account(row, first)


async def _happen(fault: ProcessFault, relay: Company) -> float:
    """Seconds from its beginning until the relay works again; from its end, where no other process takes over."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        happening = tasks.create_task(fault.act(relay, fault.kind))
        if fault.deafens:
            tasks.create_task(relay.hears(began))
        if not fault.is_taken_over:
            await happening
            began = time.monotonic()
        await fault.is_over(relay)
        return time.monotonic() - began


async def hold(scene: Scene, tasks: Sequence[Task], seed: int, within: float) -> list[Row]:
    """The rows of one scene: each fault so many times, all of them on one relay, or for so many seconds."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="relay-chaos-") as folder:
        async with scene.square() as square, company(Path(folder), square, scene.kinds, scene.companions) as relay:
            for fault, times in tasks:
                row = Row(fault.name)
                try:
                    await suffer(row, fault, relay, times, random.Random(f"{seed}/{fault.name}"), within)
                except (RuntimeError, ExceptionGroup) as error:
                    row.ended = str(error)
                print(row, flush=True)
                rows.append(row)
    return rows


async def hold_all(tasks: Sequence[Task], seed: int, minutes: float, *, at_once: int) -> list[Row]:
    """The rows of all scenes, each of which has its share of so many minutes."""
    print(HEADING, flush=True)
    free = asyncio.Semaphore(at_once)
    within = minutes * 60 / max(1, len(tasks))

    async def one(scene: Scene) -> list[Row]:
        async with free:
            return await hold(scene, [task for task in tasks if task[0].scene is scene], seed, within)

    scenes = dict.fromkeys(fault.scene for fault, _ in tasks)
    return [row for rows in await asyncio.gather(*map(one, scenes)) for row in rows]


if __name__ == "__main__":
    parser = options("tests.chaos.processes", times=3, kills=25)
    parser.add_argument("--minutes", type=float, default=12.0, help="after which nothing more fails")
    told = given(parser)
    full = [*((fault, told.kills) for fault in KILLS), *((fault, told.times) for fault in (*STOPS, *CUTS))]
    chosen = [task for task in ([(fault, 1) for fault in QUICK] if told.quick else full) if told.only in task[0].name]
    end(
        asyncio.run(hold_all(chosen, told.seed, told.minutes, at_once=len(chosen) if told.quick else 1)),
        quick=told.quick,
    )
