"""How fast what needs no answer gets from a platform to Voxta: at a steady rate, and in a burst.

Each relay talks to a hub in a process of its own that notes when each message came (hub.py). A delay counts from the
moment a platform hands a message over, each as a task of its own. Rates are lifted, since they would leave most out.
"""

import asyncio
import json
import re
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

from relay.application.composition import Relay
from relay.application.running import running
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.config import BudgetSection, ForwardingSection, InboxSection, RelaySection, VoxtaSection
from relay.config.loading import Config
from relay.errors import RelayError
from relay.model import AudienceMessage, Author, Kind
from relay.platforms.simulated import QuietPlatform
from relay.system.garbage import spare_what_stays
from tests.benchmarks.compare import gateway
from tests.benchmarks.hub import arrivals, hub
from tests.doubles.redis_server import redis_server

GOAL_P99_MS: Final = 5.0
GOAL_BURST: Final = 5_000.0

WARM_UP: Final = 400
"""Messages sent first and not counted: a second of them, in which what is used first is loaded."""
REST: Final = 2.0
"""Seconds after them in which those that still wait for it are sent, so that nothing measured waits behind them."""
PATIENCE: Final = 60.0
"""Seconds after the last message in which the others have to arrive."""
_NUMBER: Final = re.compile(r"\bnumber (\d+) on page (\d+)\b")


@dataclass(frozen=True)
class Way:
    """How messages got through one relay."""

    p50_ms: float
    p99_ms: float
    """At the steady rate."""
    burst_per_s: float
    lost: int
    doubled: int
    in_order: bool
    """Whether those of the burst came in the order in which they were handed over."""


@dataclass(frozen=True)
class ForwardingFigures:
    per_second: float
    messages: int
    """At that rate."""
    burst: int
    sqlite: Way
    redis: Way
    published: Way | None
    """None when no environment with the published packages was named."""
    sqlite_p99_ratio: float | None
    """Over the published relay's; less is faster."""
    sqlite_burst_ratio: float | None
    """Over the published relay's; more is faster."""
    goal_p99_ratio: float
    """Of SQLite over the goal of 5 ms; 1 or less reaches it."""
    goal_burst_ratio: float
    """Of SQLite over the goal of 5,000 a second; 1 or more reaches it."""


@dataclass(frozen=True)
class Handed:
    """One message as a platform hands it over, that many seconds after the beginning."""

    number: int
    at: float

    @property
    def author(self) -> str:
        return f"viewer{self.number % 200}"

    @property
    def text(self) -> str:
        return f"who else saw number {self.number % 100} on page {self.number // 100}?"


async def run(
    *, messages: int = 2_000, per_second: float = 400.0, burst: int = 1_000, peer: Path | None = None
) -> ForwardingFigures:
    """Measure. `peer` is the Python of an environment with the published packages."""
    steady = [
        Handed(number, number / per_second + (REST if number >= WARM_UP else 0.0))
        for number in range(messages + WARM_UP)
    ]
    at_once = [Handed(number, 0.0) for number in range(messages + WARM_UP, messages + WARM_UP + burst)]
    sqlite = await _ours(steady, at_once, InboxSection())
    published = await _published(steady, at_once, peer) if peer else None
    with redis_server() as server:
        redis = await _ours(steady, at_once, InboxSection(engine="redis", url=server.url))
    return ForwardingFigures(
        per_second=per_second,
        messages=messages,
        burst=burst,
        sqlite=sqlite,
        redis=redis,
        published=published,
        sqlite_p99_ratio=round(sqlite.p99_ms / published.p99_ms, 3) if published else None,
        sqlite_burst_ratio=round(sqlite.burst_per_s / published.burst_per_s, 1) if published else None,
        goal_p99_ratio=round(sqlite.p99_ms / GOAL_P99_MS, 3),
        goal_burst_ratio=round(sqlite.burst_per_s / GOAL_BURST, 3),
    )


async def _ours(steady: Sequence[Handed], at_once: Sequence[Handed], inbox: InboxSection) -> Way:
    with tempfile.TemporaryDirectory() as folder:
        async with hub() as url:
            config = _config(Path(folder), url, inbox)
            app = Relay(config, lambda *_: [QuietPlatform("twitch")], voxta_url=url, statistics=Statistics())
            async with running(app):
                while app.session.chat is None:  # noqa: ASYNC110 - once, before the first message
                    await asyncio.sleep(0.01)
                spare_what_stays()  # as `relay run` does
                handed = await _hand_over(app, steady)
                there = await _until_there(url, len(steady))
                handed |= await _hand_over(app, at_once)
                there += await _until_there(url, len(at_once), after=len(there))
                return measured(steady, at_once, handed, there)


async def _hand_over(app: Relay, several: Sequence[Handed]) -> dict[int, float]:
    """When each was handed over, by its number."""
    handed: dict[int, float] = {}
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for each in several:
            if (wait := began + each.at - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            handed[each.number] = time.monotonic()
            tasks.create_task(app.receive(_message(each)))
    return handed


def _message(handed: Handed) -> AudienceMessage:
    return AudienceMessage(
        platform="twitch",
        id=str(handed.number),
        channel="lobby",
        kind=Kind.CHAT,
        author=Author(id=handed.author, name=handed.author),
        text=handed.text,
        at=time.time(),
    )


async def _until_there(url: str, count: int, after: int = 0) -> list[tuple[str, float]]:
    """What came to the hub after the first so many, once `count` of it has, or nothing new comes any more.

    Only what is new is read: reading all of it each time would hold up the relay, which runs in this process.
    """
    there: list[tuple[str, float]] = []
    deadline = time.monotonic() + PATIENCE
    while len(there) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.25)
        there += await arrivals(url, after + len(there))
    return there


async def _published(steady: Sequence[Handed], at_once: Sequence[Handed], python: Path) -> Way:
    lines = [*steady, *(Handed(each.number, steady[-1].at + 5.0) for each in at_once)]
    async with hub() as url, gateway(python, url) as gateway_url:
        process = await asyncio.create_subprocess_exec(
            str(python), str(Path(__file__).with_name("peer.py")), gateway_url, "noreply",
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=2**24,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        each_line = ({"at": line.at, "author": line.author, "text": line.text} for line in lines)
        process.stdin.write("".join(json.dumps(line) + "\n" for line in each_line).encode())
        process.stdin.close()
        async with asyncio.timeout(30):
            if await process.stdout.readline() != b"ready\n":
                raise RelayError(f"{python} has no working voxta-twitch-relay: pip install voxta-twitch-relay there")
        try:
            handed = json.loads(await process.stdout.readline())
            there = await _until_there(url, len(lines))
        finally:
            process.kill()
            await process.wait()
        return measured(steady, at_once, {line.number: at for line, at in zip(lines, handed, strict=True)}, there)


def measured(
    steady: Sequence[Handed], at_once: Sequence[Handed], handed: dict[int, float], there: list[tuple[str, float]]
) -> Way:
    came = [(int(found[1]) + 100 * int(found[2]), at) for text, at in there if (found := _NUMBER.search(text))]
    first = dict(reversed(came))
    delays = [first[each.number] - handed[each.number] for each in steady[WARM_UP:] if each.number in first]
    of_burst = [number for number, _ in came if number >= at_once[0].number]
    cuts = quantiles(delays, n=100)
    took = max(first[number] for number in of_burst) - handed[at_once[0].number]
    return Way(
        p50_ms=round(cuts[49] * 1000, 2),
        p99_ms=round(cuts[98] * 1000, 2),
        burst_per_s=round(len(of_burst) / took),
        lost=len(handed) - len(first),
        doubled=len(came) - len(first),
        in_order=of_burst == sorted(of_burst),
    )


def _config(folder: Path, url: str, inbox: InboxSection) -> Config:
    return load(
        relay=RelaySection(name="bench", data_dir=folder),
        inbox=inbox,
        voxta=VoxtaSection(mode="server", url=url),
        budget=BudgetSection(rates={"all": 1e6, "viewer": 1e6}, bursts={"all": 10_000, "viewer": 10_000}),
        forwarding=ForwardingSection.model_validate({"kinds": {"chat": {"send_as": "noreply"}}}),
    )
