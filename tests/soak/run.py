"""Lets the day go by: the crowd writes, connections break, and figures are taken."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from relay.application.running import until
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Incoming
from tests.soak.day import DAY, MESSAGES, VIEWERS, day
from tests.soak.figures import BOUNDS, Sampler, census, counted
from tests.soak.room import Engine, Room, opened
from tests.soak.verdict import LEAST_SAMPLES, Trend, judge

RATE: Final = 1_000.0
"""Messages a second."""
LIMIT: Final = 1_200.0
"""Seconds that a day may take on a machine that is too slow for `RATE`; then it is cut short."""
SPEED: Final = DAY * RATE / MESSAGES
"""How much faster than in a real room."""
JUDGED: Final = 200_000
"""Messages below which only losses are judged: some of the relay's bounded memories have not been filled by then."""
SAMPLES: Final = 60
SHORTEST: Final = 0.25
"""Seconds between two samples, at least."""
KEPT: Final = 1 / 12
"""For how much of the run settled messages are remembered; of a day it is two hours."""
LOSSES: Final = 12
"""How often the connection to Voxta breaks in a day."""
STEADY: Final = 10_000
"""Messages between two such breaks, at least, but that a run has two of them."""
BURSTS: Final = (1, 5, 20, 50, 50, 100, 300, 1_000)
"""Messages that come at once."""
PATIENCE: Final = 60.0
"""Seconds after the last message within which every message has to have its outcome."""

Figures = Mapping[str, float]
Show = Callable[[float, int, Figures], None]
"""Is shown each sample: the seconds since the start, the messages so far, and the figures."""


@dataclass(frozen=True)
class Plan:
    """What is to be run."""

    messages: int
    engine: Engine
    seed: int
    limit: float = LIMIT
    """Seconds after which the day is cut short."""

    @property
    def seconds(self) -> float:
        return self.messages / RATE

    @property
    def viewers(self) -> int:
        return max(100, round(VIEWERS * self.messages / MESSAGES))


@dataclass(frozen=True)
class Result:
    """How it went."""

    plan: Plan
    samples: Sequence[tuple[float, Figures]]
    received: int
    lost: int
    doubled: int
    stuck: int
    """Without an outcome in the store."""
    grown: Sequence[tuple[str, int]]
    """The types of which there are more at the end than at half-time, most first."""

    def trends(self) -> dict[str, Trend]:
        """How each figure went; nothing when the run was too short to tell."""
        if len(self.samples) < LEAST_SAMPLES:
            return {}
        times = [at for at, _ in self.samples]
        return {name: judge(times, [seen[name] for _, seen in self.samples], bound) for name, bound in BOUNDS.items()}

    @property
    def is_well(self) -> bool:
        return not (self.lost or self.doubled or self.stuck or self.growing())

    def growing(self) -> list[str]:
        """The figures that do not level off, as far as this run can tell."""
        is_long = self.received >= JUDGED
        return [name for name, trend in self.trends().items() if is_long and not trend.is_level]


class Watch:
    """Takes the figures of a run; `run` does until cancelled."""

    def __init__(self, plan: Plan, show: Show) -> None:
        self._plan = plan
        self._show = show
        self._began = time.monotonic()
        self._half: Counter[str] | None = None
        self.written = 0
        """Messages so far."""
        self.samples: list[tuple[float, Figures]] = []

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._began

    @property
    def progress(self) -> float:
        """How much of the run is over, from 0 to 1: of its messages, or of its time."""
        return max(self.written / self._plan.messages, self.elapsed / self._plan.limit)

    async def run(self, sampler: Sampler) -> None:
        while True:
            await asyncio.sleep(max(SHORTEST, self._plan.seconds / SAMPLES))
            figures = await sampler.sample()
            self.samples.append((self.elapsed, figures))
            self._show(self.elapsed, self.written, figures)
            if self._half is None and self.progress > 0.5:
                self._half = census()

    def grown(self) -> list[tuple[str, int]]:
        """The types of which there are more now than at half-time, most first."""
        return (census() - self._half).most_common(8) if self._half is not None else []


async def run(plan: Plan, folder: Path, show: Show) -> Result:
    """Let the day go by in a new relay whose files are in `folder`."""
    with counted() as lines:
        async with opened(plan.engine, folder, messages=plan.messages, keep=plan.seconds * KEPT, speed=SPEED) as room:
            watch = Watch(plan, show)
            await until(room.work, asyncio.create_task(_go_by(room, plan, watch, Sampler(room, lines))))
            grown = watch.grown()
            async with asyncio.timeout(PATIENCE):
                await room.relay.quiet(empty=True)
            ledger, stuck = room.ledger, await with_retries(room.relay.inbox.waiting)
            return Result(plan, watch.samples, ledger.received, ledger.lost, ledger.doubled, stuck, grown)


async def _go_by(room: Room, plan: Plan, watch: Watch, sampler: Sampler) -> None:
    async with asyncio.TaskGroup() as tasks:
        beside = [tasks.create_task(watch.run(sampler)), tasks.create_task(room.speak())]
        await _write(room, plan, watch)
        for task in beside:
            task.cancel()


async def _write(room: Room, plan: Plan, watch: Watch) -> None:
    """What the crowd does, in bursts and no faster than `RATE`; every now and then the connection to Voxta breaks."""
    chance = random.Random(plan.seed)
    stream = day(plan.messages, plan.viewers, seed=plan.seed)
    losses, broken = max(2, min(LOSSES, plan.messages // STEADY)), 0
    while (not watch.written or watch.progress < 1.0) and (burst := list(islice(stream, chance.choice(BURSTS)))):
        await _give(room, burst)
        watch.written += sum(isinstance(each, AudienceMessage) for each in burst)
        if watch.progress * (losses + 1) >= broken + 1:
            broken += 1
            room.voxta.drop()
        await asyncio.sleep(max(0.0, watch.written / RATE - watch.elapsed))


async def _give(room: Room, burst: Sequence[Incoming]) -> None:
    """What the store does not take is given to it again, as platforms do."""
    await with_retries(room.relay.receive, *burst)
