"""What a whole relay costs its machine: how soon it is ready, its memory, and what it does while nobody writes.

`relay run` is a process of its own with SQLite and the local Twitch server of the tests, for chat without speech. It is
ready when it hears the channel and has joined its chat. Linux tells what a process uses, so that is where this runs.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final, Literal

from relay.errors import RelayError
from relay.web.control import ctl
from tests.doubles.twitch import TwitchDouble
from tests.doubles.voxta.server import VoxtaDouble

Kind = Literal["embedded", "server"]
KINDS: Final[tuple[Kind, ...]] = ("embedded", "server")
"""Where the companion is: in the relay's own process, or a Voxta elsewhere."""
READY_GOAL: Final = 2.0
"""Seconds."""
RESIDENT_GOAL: Final = 130.0
"""MB."""
QUIET_GOAL: Final = 0.01
"""Of one core."""
TIMEOUT: Final = 60.0
MB: Final = 1_000_000
_TICKS: Final = os.sysconf("SC_CLK_TCK") if sys.platform == "linux" else 100


@dataclass(frozen=True)
class ProcessFigures:
    ready_s: float
    """From the command to a relay that hears and answers; the median of the starts."""
    ready_cpu_s: float
    """Of the processor's time until then."""
    resident_mb: float
    """Once it is ready."""
    quiet_resident_mb: float
    """After the quiet time."""
    quiet_share: float
    """Of one core, while nobody writes."""
    wakeups_per_s: float
    """How often one of its threads began to run in that time."""
    ready_goal_ratio: float
    """Over its goal of 2 s; 1 or less reaches it."""
    resident_goal_ratio: float
    """Over its goal of 130 MB."""
    quiet_goal_ratio: float
    """Over its goal of 1 %."""


async def run(kind: Kind, *, seconds: float = 60.0, starts: int = 3) -> ProcessFigures:
    """Measure. `seconds` is how long nobody writes. One start before the others keeps what Python compiles."""
    if sys.platform != "linux":
        raise RelayError("what a process uses is read from /proc: measure on Linux")
    with tempfile.TemporaryDirectory() as folder:
        async with _relay_of(kind, Path(folder)):
            pass
        taken, used = [], []
        for number in range(starts):
            began = time.monotonic()
            async with _relay_of(kind, Path(folder)) as process:
                taken.append(time.monotonic() - began)
                used.append(process.processor_s())
                resident = process.resident_mb()
                if number == starts - 1:
                    share, wakeups = await _while_quiet(process, seconds)
                    quiet_resident = process.resident_mb()
    return ProcessFigures(
        ready_s=round(median(taken), 2),
        ready_cpu_s=round(median(used), 2),
        resident_mb=round(resident, 1),
        quiet_resident_mb=round(quiet_resident, 1),
        quiet_share=round(share, 4),
        wakeups_per_s=round(wakeups, 1),
        ready_goal_ratio=round(median(taken) / READY_GOAL, 3),
        resident_goal_ratio=round(max(resident, quiet_resident) / RESIDENT_GOAL, 3),
        quiet_goal_ratio=round(share / QUIET_GOAL, 3),
    )


class Measured:
    """A process, as the kernel sees it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc", str(pid))

    def processor_s(self) -> float:
        """All of its threads' time so far."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mb(self) -> float:
        return _field(self._folder / "status", "VmRSS") * 1024 / MB

    def wakeups(self) -> int:
        """How often its threads have waited for something, and gone on."""
        return sum(_field(each, "voluntary_ctxt_switches") for each in self._folder.glob("task/*/status"))


def _field(file: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(name))


async def _while_quiet(process: Measured, seconds: float) -> tuple[float, float]:
    """The share of a core, and wake-ups a second."""
    used, woken, began = process.processor_s(), process.wakeups(), time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - began
    return (process.processor_s() - used) / passed, (process.wakeups() - woken) / passed


@asynccontextmanager
async def _relay_of(kind: Kind, folder: Path) -> AsyncIterator[Measured]:
    """A relay that is ready, ended with the context."""
    async with AsyncExitStack() as stack:
        twitch = await stack.enter_async_context(TwitchDouble())
        voxta = await stack.enter_async_context(VoxtaDouble()) if kind == "server" else None
        if voxta is not None:
            await voxta.open_elsewhere()
        config = folder / "relay.toml"
        config.write_text(_settings(twitch, voxta, folder), "utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "relay", "run", "--plain", "--config", str(config)),
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(folder),
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                await twitch.wait_subscribed("channel.chat.message")
                await _joined(folder / "bench.control", process)
            yield Measured(process.pid)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await process.wait()


async def _joined(control: Path, process: asyncio.subprocess.Process) -> None:
    """Until the relay says that it is in a chat."""
    while process.returncode is None:
        try:
            if "Voxta: in a chat with" in await ctl(control, "status"):
                return
        except RelayError:
            pass  # not up yet
        await asyncio.sleep(0.02)
    raise RelayError(f"the relay ended by itself, with code {process.returncode}")


def _settings(twitch: TwitchDouble, voxta: VoxtaDouble | None, folder: Path) -> str:
    token_file = twitch.write_token(folder / "token.json")
    platform = twitch.settings(token_file=str(token_file))
    section = "\n".join(f"{name} = {_toml(value)}" for name, value in platform.items())
    server = f'mode = "server"\nurl = "{voxta.url}"\n' if voxta is not None else ""
    return (
        f'[relay]\nname = "bench"\ndata_dir = "{folder}"\n[web]\nport = 0\n'
        f"[companion]\nport = 0\n[voxta]\n{server}\n[twitch]\n{section}\n"
    )


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value)) if isinstance(value, tuple) else f'"{value}"'


def _environment(folder: Path) -> dict[str, str]:
    """Bytecode is kept, as on the machine of somebody who has started the relay before."""
    own = {"HOME": str(folder), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own
