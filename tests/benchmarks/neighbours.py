"""What companions of one core process notice of one among them that is flooded, fails, or runs a script without end.

Each of them is written to at a steady rate, as in `fleet.py`, and how long their messages take is measured: beside a
companion that is as they are, and beside one of each other kind.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

from relay.application.processes.kinds import core_service
from tests.benchmarks.fleet import Crowd, bus_of, core_of, settings_of
from tests.benchmarks.hub import hub
from tests.doubles.redis_server import redis_server

FLOOD: Final = 1_000.0
"""Messages a second to the one that is flooded: a hundred times what a busy channel gets."""
OTHER: Final = "other"
"""The companion that is not like its neighbours."""
ENDLESS: Final = """import { chat } from "@voxta";
chat.addEventListener("userMessageReceived", () => { for (;;) {} });
"""
SCENARIO: Final = """name = "Endless"
script = "scripts/index.js"
[[characters]]
role = "main"
name = "Vox"
persona = "You are {{ char }}."
"""
KINDS: Final = ("like the others", "flooded", "failing", "endless script")


@dataclass(frozen=True)
class NeighbourFigures:
    neighbours: int
    per_second: float
    """Messages for each of them."""
    p50_ms: float
    p99_ms: float
    """From being handed over to Voxta."""
    lost: int


async def run(kind: str, *, neighbours: int, per_second: float, seconds: float) -> NeighbourFigures:
    """Measure beside a companion of that kind."""
    names = [f"c{number}" for number in range(neighbours)]
    with tempfile.TemporaryDirectory() as folder, redis_server() as redis:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(hub(apart=True))
            settings = settings_of(Path(folder), "fleet", redis.url, url, [*names, OTHER])
            with settings.open("a") as file:
                file.write(own_settings(kind, Path(folder)))
            bus = await stack.enter_async_context(bus_of(redis.url, "fleet"))
            crowd, others = Crowd(bus, url, names), Crowd(bus, url, [OTHER])
            await stack.enter_async_context(core_of(settings))
            await crowd.told()
            await bus.presence.find(core_service(OTHER))
            writing = asyncio.create_task(others.write(FLOOD if kind == "flooded" else per_second, seconds))
            await crowd.write(per_second, seconds)
            delays, lost, _, _ = await crowd.account()
            await writing
    return figures(delays, lost, neighbours, per_second)


def figures(delays: Sequence[float], lost: int, neighbours: int, per_second: float) -> NeighbourFigures:
    """Of these delays, in seconds."""
    ordered = quantiles(delays, n=100)
    return NeighbourFigures(
        neighbours=neighbours,
        per_second=per_second,
        p50_ms=round(1000 * ordered[49], 2),
        p99_ms=round(1000 * ordered[98], 2),
        lost=lost,
    )


def own_settings(kind: str, folder: Path) -> str:
    """What is in its settings besides."""
    sections: Mapping[str, Mapping[str, Any]] = {}
    if kind == "failing":
        sections = {"voxta": {"url": "http://127.0.0.1:1"}}
    elif kind == "endless script":
        scripts = folder / "scenario" / "scripts"
        scripts.mkdir(parents=True)
        (scripts / "index.js").write_text(ENDLESS)
        (scripts.parent / "scenario.toml").write_text(SCENARIO)
        sections = {"voxta": {"mode": "embedded"}, "companion": {"scenario": str(scripts.parent)}}
    return "".join(
        f"[companions.{OTHER}.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
        for name, section in sections.items()
    )
