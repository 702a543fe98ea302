"""What an open page of the desk costs the relay: in a quiet room, and beside a flood.

A whole relay with its store and an embedded companion runs with its desk. Slices with a page that shows everything take
turns with slices without one, and what counts is the difference of the processor's time. The page is another process,
as a browser is.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.connect import voxta
from relay.application.running import running
from relay.application.serving import serving
from relay.application.settings import load
from relay.application.statistics import Statistics
from relay.config import CompanionSection, RelaySection, WebSection
from relay.config.loading import Config
from relay.platforms.intake import Intake
from relay.platforms.simulated import QuietPlatform
from relay.system import clock
from tests.benchmarks.crowd import crowd

QUIET_GOAL: Final = 0.01
"""Of one core."""
FLOOD_GOAL: Final = 0.10
"""Of one core."""
TICK: Final = 0.05
"""Seconds between two looks at what is due."""


@dataclass(frozen=True)
class DeskFigures:
    """Shares are of one core."""

    quiet_alone: float
    quiet_page: float
    """What the page adds."""
    flood_alone: float
    flood_page: float
    """What the page adds."""
    quiet_goal_ratio: float
    """Over its goal of 1 %; 1 or less reaches it."""
    flood_goal_ratio: float
    """Over its goal of 10 %."""
    per_minute: int
    """Messages that were really written."""
    frames: float
    """A second, to the page in the flood."""
    bytes_per_s: float
    """To the page in the flood."""


@dataclass(frozen=True)
class Slices:
    """What was measured in one room."""

    alone: float
    page: float
    frames: float
    size: float


async def run(
    *, seconds: float = 5.0, slices: int = 4, per_minute: float = 10_000.0, settle: float = 1.0
) -> DeskFigures:
    """Measure: `slices` with a page and as many without, `seconds` each, in either room.

    A slice counts from `settle` seconds after the page has come or gone.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = load(
            relay=RelaySection(name="desk", data_dir=Path(folder)),
            companion=CompanionSection(brain="rules"),
            web=WebSection(port=0),
        )
        async with _served(config) as (relay, statistics, url):
            quiet = await _sliced(url, seconds, slices, settle)
            began = time.perf_counter()
            writer = asyncio.create_task(_write(relay, per_minute))
            try:
                flood = await _sliced(url, seconds, slices, settle)
            finally:
                took = time.perf_counter() - began
                writer.cancel()
                await asyncio.gather(writer, return_exceptions=True)
            written = statistics.received
    return DeskFigures(
        quiet_alone=round(quiet.alone, 4),
        quiet_page=round(quiet.page, 4),
        flood_alone=round(flood.alone, 4),
        flood_page=round(flood.page, 4),
        quiet_goal_ratio=round(quiet.page / QUIET_GOAL, 3),
        flood_goal_ratio=round(flood.page / FLOOD_GOAL, 3),
        per_minute=round(written * 60 / took),
        frames=round(flood.frames, 1),
        bytes_per_s=round(flood.size),
    )


@asynccontextmanager
async def _served(config: Config) -> AsyncIterator[tuple[Relay, Statistics, str]]:
    statistics, audio = Statistics(), LiveAudio(config)
    async with voxta(config, port=0) as url:
        relay = Relay(config, lambda *_: [QuietPlatform("twitch")], voxta_url=url, statistics=statistics, audio=audio)
        async with serving(config, relay, audio) as server, running(relay):
            yield relay, statistics, server.url


async def _sliced(url: str, seconds: float, slices: int, settle: float) -> Slices:
    """What the page adds is the median over neighbouring slices, since a machine is not the same all the time."""
    alone, added, frames, sizes = [], [], [], []
    for _ in range(slices):
        alone.append(await _share(seconds, settle))
        async with _page(url) as page:
            added.append(await _share(seconds, settle) - alone[-1])
        number, size = page.told
        frames.append(number / (seconds + settle))
        sizes.append(size / (seconds + settle))
    return Slices(median(alone), max(0.0, median(added)), median(frames), median(sizes))


async def _share(seconds: float, settle: float) -> float:
    """Of one core, that this process uses."""
    await asyncio.sleep(settle)
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - used) / (time.perf_counter() - began)


class PageProcess:
    """What the page said at its end."""

    told = (0, 0)
    """Frames and their characters."""


@asynccontextmanager
async def _page(url: str) -> AsyncIterator[PageProcess]:
    """A page in a process of its own, until the context ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.desk_page", url, stdin=pipe, stdout=pipe
    )
    assert process.stdout is not None
    page = PageProcess()
    try:
        await process.stdout.readline()  # it shows everything
        yield page
    finally:
        said, _ = await process.communicate(b"end\n")
    frames, size = said.split()
    page.told = int(frames), int(size)


async def _write(relay: Relay, per_minute: float) -> None:
    """A flood until cancelled, each message at its time."""
    intake = Intake("twitch", relay.receive)
    taking = asyncio.create_task(intake.run())
    try:
        began = time.perf_counter()
        for message in crowd(seconds=86_400.0, per_minute=per_minute):
            if (early := message.at - (time.perf_counter() - began)) > 0:
                await asyncio.sleep(max(TICK, early))
            intake.put(message.model_copy(update={"at": clock.now()}))
    finally:
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
