"""A relay is upgraded while a crowd writes and messages wait: from the version before to today's, and back.

`python -m tests.chaos.upgrade` runs the earlier version's own sources, in the environment of today's. Of several
processes one kind is replaced after the other, so that both versions work together for a while; of one process with
SQLite the new one starts on what the old one left. It prints a table like that of `python -m tests.chaos`, in which
`recovery` is the longest pause in the answers, or in the pages. Unix only.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Final, NamedTuple

from tests.chaos.company import ALONE, START, Company, company
from tests.chaos.member import Refused
from tests.chaos.options import end, given
from tests.chaos.process_faults import DEAF, IN_ONE, ON_TWITCH, Scene
from tests.chaos.table import HEADING, PATIENCE, Row
from tests.chaos.versions import ROOT, name_of, previous, sources
from tests.support import eventually

KINDS: Final = ("post", "core", "twitch", "web")


class Step(NamedTuple):
    kind: str
    """Which is replaced."""
    is_up: bool = True
    """Whether by the newer version."""
    as_many_wait: bool = False
    """Whether Voxta is away meanwhile, so that messages wait."""

    @property
    def name(self) -> str:
        return f"{self.kind}: {'up' if self.is_up else 'down'}graded{', messages wait' if self.as_many_wait else ''}"


WAITING_CORE: Final = [Step("core", as_many_wait=True), Step("core", is_up=False, as_many_wait=True)]
ROLLING: Final = [*map(Step, KINDS), *(Step(kind, is_up=False) for kind in reversed(KINDS)), *WAITING_CORE]
IN_PLACE: Final = [Step(ALONE, as_many_wait=True), Step(ALONE, is_up=False, as_many_wait=True)]
STAND_BY: Final = ("post", "core")
"""Kinds of which the new process is there before the old one goes."""
WAITING: Final = 10
"""Lines that wait, where Voxta is away meanwhile."""


async def replace(relay: Company, kind: str, to: Path) -> int:
    """Each process of the kind by one of these sources; how many. Raises Refused when that does not want to."""
    olds = [member for member in relay.members if member.kind == kind]
    for old in olds:
        new = await relay.join(kind, to)
        if kind in STAND_BY:
            await new.begin(START)
            await old.end()
        else:
            await old.end()
            await new.begin(START)
        relay.members.remove(old)
    return len(olds)


@asynccontextmanager
async def voxta_away(relay: Company) -> AsyncIterator[None]:
    """Nobody is told anything for as long as the context lasts, which begins when messages wait."""
    [way] = relay.voxtas.values()
    way.refusing = True
    way.drop()
    enough = max(relay.written) + WAITING
    await eventually(lambda: max(relay.written) > enough, seconds=PATIENCE)
    try:
        yield
    finally:
        way.refusing = False


async def upgrade(row: Row, relay: Company, kind: str, to: Path, *, as_many_wait: bool = False) -> None:
    """Replace all of the kind, and fill the row."""
    first = max(relay.written, default=0) + 1
    async with relay.crowd(), asyncio.TaskGroup() as tasks:
        began = time.monotonic()
        if kind in DEAF:
            tasks.create_task(relay.hears(began))
        async with voxta_away(relay) if as_many_wait else nullcontext():
            row.faults = await replace(relay, kind, to)
        if as_many_wait:
            began = time.monotonic()
        if kind == "web":
            await relay.serves()
            row.recovery_s = time.monotonic() - began
        await relay.recovers(relay.posted)
        if kind != "web":
            row.recovery_s = _longest_pause(relay, began)
    await relay.settled(PATIENCE)
    relay.account(row, first)


def _longest_pause(relay: Company, began: float) -> float:
    """Seconds without an answer since that moment."""
    times = [began, *(at for _, at in relay.square.posts() if at > began)]
    return max(after - before for before, after in zip(times, [*times[1:], time.monotonic()], strict=True))


async def roll(scene: Scene, kinds: Sequence[str], steps: Sequence[Step], old: Path, new: Path) -> list[Row]:
    """All steps, one after the other, with a relay that begins as the old version."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="relay-upgrade-") as folder:
        async with scene.square() as square, company(Path(folder), square, kinds, sources=old) as relay:
            for step in steps:
                row = Row(step.name)
                try:
                    await upgrade(row, relay, step.kind, new if step.is_up else old, as_many_wait=step.as_many_wait)
                except* Refused as refused:
                    row.ended = str(refused.exceptions[0])
                print(row, flush=True)
                rows.append(row)
    return rows


async def _run(commit: str, only: str) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="relay-version-") as folder:
        old = await asyncio.to_thread(sources, commit, Path(folder))
        print(f"between {name_of(commit)} and today's\n{HEADING}", flush=True)
        rolling, in_place = ([step for step in steps if only in step.name] for steps in (ROLLING, IN_PLACE))
        rows = await roll(ON_TWITCH, KINDS, rolling, old, ROOT) if rolling else []
        return rows + (await roll(IN_ONE, IN_ONE.kinds, in_place, old, ROOT) if in_place else [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.upgrade")
    parser.add_argument("--from", dest="commit", help="the commit of the earlier version; else the version before")
    parser.add_argument("--only", default="", help="the steps whose names hold this")
    told = given(parser)
    end(asyncio.run(_run(told.commit or previous(), told.only)), quick=True)
