"""What many companions cost one core process: how much gets through it, how soon, and what a quiet one takes.

The core is `relay fleet --only core`, with the Redis that processes share and a hub in a process of its own that notes
when each message came. Messages are handed over as adapters do, into each companion's ingress, at a steady rate; they
expect no answer, so that no companion's talk holds its others back. Then the core is killed, and what is measured is
how long it takes until another one, which stands by, has told a message of every companion.
"""

import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

from relay.application.fleet.share import SERVICE
from relay.application.processes.ingress import Ingress
from relay.bus.bus import Bus
from relay.config import InboxSection
from relay.errors import RelayError
from relay.inbox.redis import RedisInbox
from relay.model import AudienceMessage, Author, Kind
from relay.voxta.calls import TRUST
from tests.benchmarks.hub import arrivals, hub
from tests.benchmarks.process import Measured
from tests.benchmarks.redis_use import RedisUse
from tests.doubles.redis_server import redis_server

GOAL_QUIET_MIB: Final = 2.0
"""Of a quiet companion."""
GOAL_INGRESS: Final = 10_000.0
"""Messages a second into Redis, over all companions."""
BURST: Final = 20_000
"""Messages with which that is measured."""
TICK: Final = 0.05
"""Seconds at least between two hand-overs of one companion's adapter: what came meanwhile goes together."""
PATIENCE: Final = 600.0
"""Seconds for hundreds of companions to come up, or to tell what they were written, on a machine that others use."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks at what the companions are not done with."""
QUIET: Final = 30.0
"""Seconds in which nobody writes, once all companions are there."""
MIB: Final = 1_048_576
MB: Final = 1_000_000
_NUMBERS: Final = itertools.count()
"""Of all messages: the hub is one for every core."""
_NUMBER: Final = re.compile(r"\bnumber (\d+)\b")


@dataclass(frozen=True)
class FleetFigures:
    per_second: float
    """Messages handed over, over all companions."""
    told_per_s: float
    """Messages that reached Voxta, until the last one had."""
    p50_ms: float
    p99_ms: float
    """From being handed over."""
    lost: int
    doubled: int
    ingress_per_s: float
    """How many messages Redis takes from one adapter process, in batches, as fast as it can."""
    goal_ingress_ratio: float
    """Over its goal of 10,000; 1 or more reaches it."""
    resident_mib: float
    """Of the core process, with all companions quiet."""
    quiet_mib: float
    """For each companion beyond the first; 0 with one."""
    goal_quiet_ratio: float
    """Over its goal of 2 MiB; 1 or less reaches it."""
    quiet_share: float
    """Of one core, of the whole process while nobody writes."""
    busy_ms_per_message: float
    """Of the core process's processor time."""
    redis_bytes_per_message: float
    """Over Redis' lines, both ways, from being handed over until it is settled."""
    redis_us_per_message: float
    """Microseconds of Redis' processor."""
    redis_quiet_bytes_per_s: float
    """Over Redis' lines for each companion, while nobody writes."""
    redis_quiet_share: float
    """Of one processor, for all companions, while nobody writes."""
    take_over_s: float
    """From the kill of the core to a message told for every companion by the next."""


async def run(companions: int, *, per_second: float, seconds: float) -> FleetFigures:
    """Measure."""
    names = [f"c{number}" for number in range(companions)]
    with tempfile.TemporaryDirectory() as folder, redis_server() as redis:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(hub(apart=True))
            alone = await _alone(redis.url, url, Path(folder))
            settings = settings_of(Path(folder), "fleet", redis.url, url, names)
            bus = await stack.enter_async_context(bus_of(redis.url, "fleet"))
            fleet = Crowd(bus, url, names)
            core = await stack.enter_async_context(core_of(settings))
            for _ in range(1 + TRUST):  # until then calls go alone, with time for Voxta to refuse one
                await fleet.told()
            before = RedisUse.of(redis)
            quiet, share = await _quiet(core)
            idle = RedisUse.of(redis).since(before, QUIET)
            used, before = Measured(core.pid).processor_s(), RedisUse.of(redis)
            began = time.monotonic()
            await fleet.write(per_second, seconds)
            delays, lost, doubled, last = await fleet.account()
            spent = Measured(core.pid).processor_s() - used
            stored = RedisUse.of(redis).since(before, max(1, len(delays)))
            await stack.enter_async_context(core_of(settings))
            await _stands_by(bus)
            take_over = await fleet.taken_over(core)
            ingress = await fleet.flood()
    ordered = quantiles(delays, n=100)
    each = (quiet - alone) / (companions - 1) if companions > 1 else 0.0
    return FleetFigures(
        per_second=round(per_second * companions, 1),
        told_per_s=round(len(delays) / (last - began), 1),
        p50_ms=round(1000 * ordered[49], 2),
        p99_ms=round(1000 * ordered[98], 2),
        lost=lost,
        doubled=doubled,
        ingress_per_s=round(ingress),
        goal_ingress_ratio=round(ingress / GOAL_INGRESS, 2),
        resident_mib=round(quiet, 1),
        quiet_mib=round(each, 2),
        goal_quiet_ratio=round(each / GOAL_QUIET_MIB, 2),
        quiet_share=round(share, 4),
        busy_ms_per_message=round(1000 * spent / max(1, len(delays)), 3),
        redis_bytes_per_message=round(stored.sent),
        redis_us_per_message=round(1_000_000 * stored.processor_s, 1),
        redis_quiet_bytes_per_s=round(idle.sent / companions),
        redis_quiet_share=round(idle.processor_s, 4),
        take_over_s=round(take_over, 2),
    )


async def _alone(redis: str, url: str, folder: Path) -> float:
    """MiB of a core with one companion."""
    settings = settings_of(folder, "fleet-of-one", redis, url, ["alone"])
    async with bus_of(redis, "fleet-of-one") as bus, core_of(settings) as core:
        await Crowd(bus, url, ["alone"]).told()
        return (await _quiet(core))[0]


async def _stands_by(bus: Bus) -> None:
    """Wait until there are two cores."""
    presence = bus.presence
    async with asyncio.timeout(PATIENCE), presence.changed:
        await presence.changed.wait_for(lambda: len(list(presence.of(SERVICE))) == 2)


async def _quiet(core: Process) -> tuple[float, float]:
    """MiB, and the share of a core, while nobody writes."""
    measured = Measured(core.pid)
    used, began = measured.processor_s(), time.monotonic()
    await asyncio.sleep(QUIET)
    share = (measured.processor_s() - used) / (time.monotonic() - began)
    return measured.resident_mb() * MB / MIB, share


class Crowd:
    """Writes to companions as their adapters do, each message with a number of its own."""

    def __init__(self, bus: Bus, hub_url: str, names: Sequence[str]) -> None:
        self._hub = hub_url
        self._streams = {name: bus.companion_stream(name, "ingress") for name in names}
        self._ways = [Ingress(stream) for stream in self._streams.values()]
        self._inboxes = [RedisInbox(bus.connection, namespace=f"relay:{name}", max_count=0) for name in names]
        self._sent: dict[int, float] = {}
        self._came = 0
        """How much of what came to the hub was looked at."""
        self._there: list[tuple[int, float]] = []
        self._uncounted: set[int] = set()

    async def told(self) -> None:
        """Write to everybody, and wait until all of that was told."""
        before = set(self._sent)
        await asyncio.gather(*(way.receive(self._message()) for way in self._ways))
        wanted = set(self._sent) - before
        until = time.monotonic() + PATIENCE
        while missing := wanted - {number for number, _ in await self._arrived()}:
            if time.monotonic() > until:
                raise RelayError(f"{len(missing)} of {len(wanted)} companions told nothing within {PATIENCE:g} s")
            await asyncio.sleep(0.1)

    async def write(self, per_second: float, seconds: float) -> None:
        """So much to each; no two are written to in the same moment, as far as that can be."""
        self._uncounted = set(self._sent)
        starts = evenly(len(self._ways), 1 / per_second)
        await asyncio.gather(
            *(self._steadily(way, start, per_second, seconds) for way, start in zip(self._ways, starts, strict=True))
        )

    async def account(self) -> tuple[list[float], int, int, float]:
        """Delays in seconds, how many were lost and doubled, and when the last one came, once nothing waits any more.

        Raises RelayError where something still does after PATIENCE.
        """
        until = time.monotonic() + PATIENCE
        while waiting := await self.waiting():
            if time.monotonic() > until:
                most = ", ".join(f"{count} of {name}" for name, count in waiting.most_common(5))
                raise RelayError(f"{waiting.total()} messages still wait after {PATIENCE:g} s: {most}")
            await asyncio.sleep(LOOK_EVERY)
        counted = {number: at for number, at in self._sent.items() if number not in self._uncounted}
        there = [(number, at) for number, at in await self._arrived() if number in counted]
        first: dict[int, float] = {}
        for number, at in there:
            first.setdefault(number, at)
        delays = [at - counted[number] for number, at in first.items()]
        return delays, len(counted) - len(first), len(there) - len(first), max(first.values())

    async def waiting(self) -> Counter[str]:
        """How much companions are not done with, by name, wherever it waits; none of those that are done with all."""
        brought = await asyncio.gather(*(stream.length() for stream in self._streams.values()))
        stored = await asyncio.gather(*(inbox.waiting() for inbox in self._inboxes))
        return +Counter(dict(zip(self._streams, map(sum, zip(brought, stored, strict=True)), strict=True)))

    async def taken_over(self, core: Process) -> float:
        """Seconds from the kill until a message of every companion was told."""
        core.kill()
        began = time.monotonic()
        await core.wait()
        before = max(self._sent)
        await self.told()
        return max(at for number, at in await self._arrived() if number > before) - began

    async def flood(self) -> float:
        """Messages a second into Redis."""
        each = max(1, BURST // len(self._ways))
        began = time.monotonic()
        await asyncio.gather(*(self._in_batches(way, each) for way in self._ways))
        return each * len(self._ways) / (time.monotonic() - began)

    async def _in_batches(self, way: Ingress, count: int) -> None:
        for start in range(0, count, 500):
            await way.receive(*(self._message() for _ in range(min(500, count - start))))

    async def _steadily(self, way: Ingress, start: float, per_second: float, seconds: float) -> None:
        """From `start` seconds on."""
        began, written, most = time.monotonic() + start, 0, int(per_second * seconds)
        while written < most:
            await asyncio.sleep(max(TICK if written else 0.0, began + written / per_second - time.monotonic()))
            due = min(int((time.monotonic() - began) * per_second) + 1, most)
            if due > written:
                await way.receive(*(self._message() for _ in range(due - written)))
                written = due

    def _message(self) -> AudienceMessage:
        number = next(_NUMBERS)
        self._sent[number] = time.monotonic()
        return AudienceMessage(
            platform="twitch",
            id=f"m{number}",
            channel="lobby",
            kind=Kind.CHAT,
            author=Author(id=f"viewer{number}", name=f"Viewer{number}"),
            text=f"number {number}",
            at=time.time(),
        )

    async def _arrived(self) -> list[tuple[int, float]]:
        new = await arrivals(self._hub, self._came)
        self._came += len(new)
        self._there += [(int(match[1]), at) for text, at in new if (match := _NUMBER.search(text)) is not None]
        return self._there


def evenly(count: int, period: float) -> list[float]:
    """When each of so many begins what it does once in a period."""
    return [number * period / count for number in range(count)]


@asynccontextmanager
async def bus_of(redis: str, name: str) -> AsyncIterator[Bus]:
    async with Bus(InboxSection.model_validate({"engine": "redis", "url": redis}), name).running() as bus:
        yield bus


@asynccontextmanager
async def core_of(settings: Path) -> AsyncIterator[Process]:
    command = (sys.executable, "-m", "relay", "fleet", "--only", "core", "--config", str(settings))
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=DEVNULL)
    try:
        yield process
        if process.returncode not in (None, -9):
            raise RelayError(f"the core ended by itself, with code {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def settings_of(folder: Path, name: str, redis: str, url: str, names: Sequence[str]) -> Path:
    """Nothing is held back, and everything is told without an answer."""
    path = folder / f"{name}.toml"
    shared = (
        f'[relay]\nname = "{name}"\ndata_dir = "{folder}"\nlog_level = "error"\n'
        f'[inbox]\nengine = "redis"\nurl = {json.dumps(redis)}\n'
        f'[voxta]\nmode = "server"\nurl = "{url}"\n[web]\nenabled = false\n'
        "[budget]\nrates = { all = 600000, viewer = 600000 }\nbursts = { all = 100000, viewer = 100000 }\n"
        '[forwarding.kinds.chat]\nsend_as = "noreply"\n[filters]\nenabled = false\n[twitch]\nclient_id = "bench"\n'
    )
    tables = (f'[companions.{each}.twitch]\nenabled = true\nchannels = ["{each}"]\n' for each in names)
    path.write_text(shared + "".join(tables), "utf-8")
    return path
