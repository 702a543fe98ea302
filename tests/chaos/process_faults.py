"""What can go wrong with the processes of a relay in several. Each fault happens, and is over when it returns."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from tests.chaos.company import ALONE, NAME, Company
from tests.chaos.squares import DiscordSquare, Square, TwitchSquare
from tests.doubles.discord import DiscordDouble
from tests.doubles.twitch import TwitchDouble

GONE_FOR: Final = 5.0
"""Seconds for which a process is stopped or cut off: longer than its lease, which is 3 s."""
STARTS_APART: Final = 2.0
"""Seconds before who hears Twitch is killed once more: each start takes some forty of the 800 points that Twitch gives
in a minute, and whoever has spent them waits."""
SESSION_AFTER: Final = 20.0
"""Seconds between two outages that each cost a process of Discord's a new session. It waits longer before each that
follows soon, as Discord allows 1,000 a day (docs/operations.md)."""

Act = Callable[[Company, str], Coroutine[Any, Any, None]]
"""Befalls the process of this kind that leads."""


@dataclass(frozen=True)
class Scene:
    """A relay that is there, whatever befalls it."""

    square: Callable[[], AbstractAsyncContextManager[Square]]
    kinds: tuple[str, ...]
    """The processes there are: of two that are alike one stands by."""
    companions: tuple[str, ...] = (NAME,)
    prefix: str = ""
    """Before the names of its faults."""


@asynccontextmanager
async def _twitch() -> AsyncIterator[Square]:
    async with TwitchDouble() as double:
        yield TwitchSquare(double)


@asynccontextmanager
async def _discord() -> AsyncIterator[Square]:
    async with DiscordDouble() as double:
        yield DiscordSquare(double)


@asynccontextmanager
async def _two_channels() -> AsyncIterator[Square]:
    async with TwitchDouble(account="streamer", channels=("ann", "ben")) as double:
        yield TwitchSquare(double, every=2.0)


ON_TWITCH: Final = Scene(_twitch, ("twitch", "core", "core", "post", "post", "web"))
ON_DISCORD: Final = Scene(_discord, ("discord", "core", "post"))
IN_ONE: Final = Scene(_twitch, (ALONE,))
TWO_HEAR: Final = Scene(_twitch, ("twitch", "twitch", "core", "post"), prefix="two adapters, ")
TWO_HEAR_DISCORD: Final = Scene(_discord, ("discord", "discord", "core", "post"), prefix="two adapters, ")
FLEET_TWO_HEAR: Final = Scene(
    _two_channels, ("twitch", "twitch", "core", "post"), ("ann", "ben"), "fleet, two adapters, "
)
FLEET: Final = Scene(_two_channels, ("twitch", "core", "core", "post"), ("ann", "ben"), "fleet, ")


@dataclass(frozen=True)
class ProcessFault:
    kind: str
    words: str
    act: Act
    scene: Scene = ON_TWITCH
    deafens: bool = False
    """Nobody hears what is written meanwhile: the platform repeats nothing."""
    rest: float = 0.0
    """Seconds before it."""
    spares: int | None = None
    """The place of a companion that goes on as if nothing had happened."""

    @property
    def name(self) -> str:
        return f"{self.scene.prefix}{self.kind}: {self.words}"

    @property
    def is_taken_over(self) -> bool:
        """By another process that stands by, or never felt; the others work again when they are back."""
        return self.scene.kinds.count(self.kind) > 1 or self.spares is not None

    async def is_over(self, relay: Company) -> None:
        """Return when it is seen from outside that this kind works again, for each companion."""
        if self.kind == "web":
            await relay.serves()
        elif self.kind in ("post", ALONE):
            await relay.recovers(relay.posted)
        else:
            concerned = range(len(relay.voxtas)) if self.spares is None else [self.spares]
            seen: list[Callable[[], Iterable[str]]] = [partial(relay.told, place) for place in concerned]
            if self.kind in ADAPTERS:
                seen.append(relay.posted)
            await asyncio.gather(*map(relay.recovers, seen))


async def _kill(relay: Company, kind: str) -> None:
    member = relay.leader(kind)
    await member.kill()
    member.start()


async def _stop(relay: Company, kind: str) -> None:
    member = relay.leader(kind)
    member.signal(signal.SIGSTOP)
    await asyncio.sleep(GONE_FOR)
    member.signal(signal.SIGCONT)


async def _cut(relay: Company, kind: str) -> None:
    await relay.leader(kind).way.stay_away(GONE_FOR)


async def _lose_voxta(relay: Company, _: str) -> None:
    """Of the first companion."""
    await next(iter(relay.voxtas.values())).stay_away(GONE_FOR)


def _killed(kind: str, scene: Scene = ON_TWITCH) -> ProcessFault:
    return ProcessFault(kind, "killed (SIGKILL)", _kill, scene, kind in DEAF, STARTS_APART if kind in DEAF else 0.0)


def _stopped(kind: str, scene: Scene = ON_TWITCH) -> ProcessFault:
    return ProcessFault(kind, f"stopped (SIGSTOP) for {GONE_FOR:g} s", _stop, scene, kind in DEAF, _rest(scene))


def _cut_off(kind: str, scene: Scene = ON_TWITCH) -> ProcessFault:
    return ProcessFault(kind, f"without Redis for {GONE_FOR:g} s", _cut, scene, rest=_rest(scene))


def _rest(scene: Scene) -> float:
    return SESSION_AFTER if scene is TWO_HEAR_DISCORD else 0.0


ADAPTERS: Final = ("twitch", "discord")
"""Kinds that hear, and post."""
DEAF: Final = ("twitch", ALONE)
"""Kinds that hear Twitch, which repeats nothing."""
KINDS: Final = ("core", "post", "twitch", "web")
KILLS: Final = [
    *map(_killed, KINDS),
    _killed("discord", ON_DISCORD),
    _killed("core", FLEET),
    _killed("twitch", TWO_HEAR),
    _killed("twitch", FLEET_TWO_HEAR),
    _killed("discord", TWO_HEAR_DISCORD),
    _killed(ALONE, IN_ONE),
]
STOPS: Final = [
    *map(_stopped, KINDS),
    _stopped("discord", ON_DISCORD),
    _stopped("core", FLEET),
    _stopped("twitch", TWO_HEAR),
    _stopped("discord", TWO_HEAR_DISCORD),
]
CUTS: Final = [
    *map(_cut_off, KINDS),
    _cut_off("discord", ON_DISCORD),
    _cut_off("twitch", TWO_HEAR),
    _cut_off("discord", TWO_HEAR_DISCORD),
    ProcessFault("the other companion", f"no Voxta for {GONE_FOR:g} s", _lose_voxta, FLEET, spares=1),
]
QUICK: Final = [*(fault for fault in KILLS if fault.scene not in (TWO_HEAR, TWO_HEAR_DISCORD)), _stopped("core")]
