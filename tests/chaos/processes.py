"""A relay in several processes loses one after the other, again and again, while a crowd writes and is answered.

`python -m tests.chaos.processes` prints a table like that of `python -m tests.chaos`, and fails as that does: each kind
of process is killed, stopped for longer than its lease, and cut off from Redis. With `--quick` each kind is killed once
and a core is stopped, and no time decides. Unix only.
"""

import argparse
import asyncio
import logging
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.chaos.company import LEASES, Company, Member, company
from tests.chaos.table import HEADING, PATIENCE, Row

GONE_FOR: Final = 5.0
"""Seconds for which a process is stopped or cut off: longer than its lease, which is 3 s."""
APART: Final = 1.0
"""The most seconds between two faults."""

Act = Callable[[Member], Coroutine[Any, Any, None]]


async def _kill(member: Member) -> None:
    await member.kill()
    member.start()


async def _stop(member: Member) -> None:
    member.signal(signal.SIGSTOP)
    await asyncio.sleep(GONE_FOR)
    member.signal(signal.SIGCONT)


async def _cut(member: Member) -> None:
    await member.way.stay_away(GONE_FOR)


@dataclass(frozen=True)
class ProcessFault:
    kind: str
    words: str
    act: Act
    deafens: bool = False
    """Nobody hears what is written meanwhile: the platform repeats nothing."""

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.words}"

    @property
    def is_taken_over(self) -> bool:
        """By another process that stands by; the others work again when they are back."""
        return self.kind in LEASES

    async def is_over(self, relay: Company) -> None:
        """Return when it is seen from outside that this kind works again."""
        if self.kind == "web":
            await relay.serves()
        else:
            await relay.recovers(relay.posted if self.kind == "post" else relay.told)


KINDS: Final = ("core", "post", "twitch", "web")
KILLS: Final = [ProcessFault(kind, "killed (SIGKILL)", _kill, kind == "twitch") for kind in KINDS]
STOPS: Final = [ProcessFault(kind, f"stopped (SIGSTOP) for {GONE_FOR:g} s", _stop, kind == "twitch") for kind in KINDS]
CUTS: Final = [ProcessFault(kind, f"without Redis for {GONE_FOR:g} s", _cut) for kind in KINDS]


async def suffer(row: Row, fault: ProcessFault, relay: Company, times: int, dice: random.Random) -> None:
    """Fill the row."""
    first = max(relay.written, default=0) + 1
    async with relay.crowd():
        for _ in range(times):
            await asyncio.sleep(dice.uniform(0.0, APART))
            row.recovery_s = max(row.recovery_s, await _happen(fault, relay))
            row.faults += 1
            for member in relay.members:
                member.check()
    await relay.settled(PATIENCE)
    _account(row, relay, first)


async def _happen(fault: ProcessFault, relay: Company) -> float:
    """Seconds from its beginning until the relay works again; from its end, where no other process takes over."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        happening = tasks.create_task(fault.act(relay.leader(fault.kind)))
        if fault.deafens:
            tasks.create_task(relay.hears(began))
        if not fault.is_taken_over:
            await happening
            began = time.monotonic()
        await fault.is_over(relay)
        return time.monotonic() - began


def _account(row: Row, relay: Company, first: int) -> None:
    """Of the lines from this number on."""

    def is_of_it(line: str) -> bool:
        return int(line.partition("-")[2]) >= first

    told, posted = relay.told(), relay.posted()
    owed = {line for line in relay.owed() if is_of_it(line)}
    written = {f"line-{number}" for number in relay.written if number >= first}
    unposted = [line for line in relay.answered() if is_of_it(line) and line not in posted]
    row.unheard = len(written - owed - set(told))
    row.messages = len(written) - row.unheard
    row.lost = len(owed - set(told)) + len(unposted)
    row.doubled = sum(count > 1 and is_of_it(line) for seen in (told, posted) for line, count in seen.items())
    row.stuck = relay.left()


async def hold(faults: Sequence[tuple[ProcessFault, int]], seed: int, only: str) -> list[Row]:
    """The rows: each fault so many times, all of them on one relay."""
    print(HEADING, flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="relay-chaos-") as folder:
        async with company(Path(folder)) as relay:
            for fault, times in faults:
                if only in fault.name:
                    row = Row(fault.name)
                    try:
                        await suffer(row, fault, relay, times, random.Random(f"{seed}/{fault.name}"))
                    except (RuntimeError, ExceptionGroup) as error:
                        row.ended = str(error)
                    print(row, flush=True)
                    rows.append(row)
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.processes")
    parser.add_argument("--times", type=int, default=3, help="how often each kind is stopped, and cut off from Redis")
    parser.add_argument("--kills", type=int, default=50, help="how often each kind is killed")
    parser.add_argument("--quick", action="store_true", help="one kill of each kind and one stop; no time decides")
    parser.add_argument("--only", default="", help="the faults whose names hold this")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    logging.disable(logging.ERROR)
    quick = [(fault, 1) for fault in (*KILLS, STOPS[0])]
    full = [*((fault, given.kills) for fault in KILLS), *((fault, given.times) for fault in (*STOPS, *CUTS))]
    results = asyncio.run(hold(quick if given.quick else full, given.seed, given.only))
    sys.exit(0 if all(row.keeps_its_word if given.quick else row.is_well for row in results) else 1)
