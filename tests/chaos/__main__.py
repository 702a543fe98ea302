"""Every fault, several times each, while a crowd writes: what was lost, told twice or stuck, and how long it took.

`python -m tests.chaos` prints a table, and fails when any number is one it must not be. It takes at most a quarter of
an hour, with `--quick` about a minute, and then no time decides. All servers are on this machine. Unix only.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, get_args

from tests.chaos import clock  # noqa: F401 - before anything that keeps the clock it finds
from tests.chaos.faults import FAULTS
from tests.chaos.kills import killing
from tests.chaos.options import end, given, options
from tests.chaos.platform_faults import CUTS, REFUSALS
from tests.chaos.platforms import cutting, refusing
from tests.chaos.stage import Engine
from tests.chaos.table import HEADING, Row
from tests.chaos.trial import Trial, suffering

LONG: Final = 30.0
"""Seconds from which a fault happens only once, and not at all where there is no time."""
QUICK_KILLS: Final = 8
AT_ONCE: Final = 8
"""Trials at the same time, where no time decides."""


def trials(times: int, *, quick: bool) -> list[Trial]:
    faults = [fault for fault in FAULTS if not (quick and fault.takes >= LONG)]
    return [
        *(suffering(fault, 1 if fault.takes >= LONG else times) for fault in faults),
        *(cutting(fault, times) for fault in CUTS),
        *(refusing(fault, times) for fault in REFUSALS),
    ]


async def hold(trials: Sequence[Trial], killings: Sequence[Trial], seed: int, *, at_once: int) -> list[Row]:
    """The rows. Killings always go on beside the others, as they use processes of their own, and mostly wait."""
    print(HEADING, flush=True)
    rows: list[Row] = []
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def some(trials: Iterable[Trial], at_once: int) -> None:
        free = asyncio.Semaphore(at_once)

        async def one(trial: Trial) -> None:
            async with turns[trial.shares or trial.name], free:
                rows.append(row := await trial.held(seed))
                print(row, flush=True)

        await asyncio.gather(*map(one, trials))

    async with asyncio.TaskGroup() as beside:
        beside.create_task(some(killings, len(killings)))
        await some((trial for trial in trials if not trial.alone), at_once)
        await some((trial for trial in trials if trial.alone), 1)
    return rows


if __name__ == "__main__":
    told = given(options("tests.chaos", times=3, kills=100))
    times, kills, at_once = (1, QUICK_KILLS, AT_ONCE) if told.quick else (told.times, told.kills, 1)
    around = [trial for trial in trials(times, quick=told.quick) if told.only in trial.name]
    killings = [trial for engine in get_args(Engine) if told.only in (trial := killing(engine, kills)).name]
    end(asyncio.run(hold(around, killings, told.seed, at_once=at_once)), quick=told.quick)
