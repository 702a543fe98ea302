"""When a session of the gateway may begin: Discord resets the token of a bot that begins too many."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import discord

from relay.errors import PlatformUnavailable
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.outgoing import FAILURES, explain

APART: Final = 5.0
"""Seconds between two sessions at least (Discord's session start limit, `max_concurrency`)."""
MARGIN: Final = 1.05
"""How much longer than Discord wants two shards of one bucket wait, since lines differ in speed."""
AFTER_ANOTHER: Final = 1.25
"""The same for a process after the one before it, since each knows Discord's clock to half a second."""
SUSTAINED: Final = 90.0
"""Seconds between two sessions that all fail, in the end: 960 a day, where Discord allows 1,000 to all shards."""
JITTER: Final = 0.2
"""The part of a wait that chance adds at most."""
RESERVE: Final = 20
"""Session starts left for a person who restarts the relay; the last of the day would cost the token."""

TIMEOUT: Final = 20.0


class SessionStarts:
    """Those of one shard: doubles the wait with each that begins, and forgets one in `SUSTAINED` seconds."""

    def __init__(
        self,
        shards: int = 1,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`shards` share what Discord allows; `clock` in seconds; `chance` draws between two bounds."""
        self._sustained = SUSTAINED * shards
        self._clock = clock
        self._chance = chance
        self._recent = 0.0
        self._begun = clock()
        self._next = self._begun

    def begins(self) -> None:
        """Discord is asked to begin a session."""
        now = self._clock()
        self._recent = max(0.0, self._recent - (now - self._begun) / self._sustained) + 1.0
        self._begun = now
        wait = min(self._sustained, APART * 2.0 ** (self._recent - 1.0))
        self._next = now + wait * (1.0 + self._chance(0.0, JITTER))

    def wait(self) -> float:
        """Seconds until the next may begin."""
        return max(0.0, self._next - self._clock())

    async def turn(self) -> None:
        """Return when the next may begin."""
        await asyncio.sleep(self.wait())


class Buckets:
    """Keeps the shards of one bot apart: of those with one remainder, one may begin in five seconds.

    Gateway, "Sharding", "Max Concurrency". Who waits long does so before connecting, in `turn`; `begins` puts right
    what lines of different speed change about that.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_once = 1
        """As many may begin at once, as Discord said last (`max_concurrency`)."""
        self._clock = clock
        self._turns: dict[int, float] = {}
        self._begun: dict[int, float] = {}

    async def turn(self, shard: int) -> None:
        """Return when a shard may connect."""
        await asyncio.sleep(self._wait(shard, self._turns))

    async def begins(self, shard: int) -> None:
        """Return when a shard that is connected may begin its session."""
        await asyncio.sleep(self._wait(shard, self._begun))

    def _wait(self, shard: int, free: dict[int, float]) -> float:
        bucket, now = shard % self.at_once, self._clock()
        at = max(now, free.get(bucket, now))
        free[bucket] = at + APART * MARGIN
        return at - now


class LastStart:
    """When the bot last began a session. Who takes over from a process that has just begun one would be refused."""

    def __init__(self, clock: PlatformClock) -> None:
        self.before: float | None = None
        """That of another process, by Discord's clock."""
        self.at: float | None = None
        """That of this one."""
        self._clock = clock

    def begins(self) -> None:
        """Discord is asked to begin a session."""
        self.at = self._clock.now()

    async def turn(self) -> None:
        """Return when the first of this process may begin."""
        if self.at is None and self.before is not None:
            apart = APART * AFTER_ANOTHER
            await asyncio.sleep(min(apart, max(0.0, self.before + apart - self._clock.now())))


class GatewayAdvice(NamedTuple):
    """Gateway, "Get Gateway Bot"."""

    shards: int
    at_once: int


async def ask_gateway(client: discord.Client) -> GatewayAdvice:
    """Raises PlatformUnavailable, also when few sessions may begin today, whoever began the others."""
    try:
        async with asyncio.timeout(TIMEOUT):
            shards, _, limit = await client.http.get_bot_gateway()
    except FAILURES as error:
        raise PlatformUnavailable(str(explain(error, "gateway"))) from None
    if limit["remaining"] <= RESERVE:
        raise PlatformUnavailable(
            f"discord: {limit['total'] - limit['remaining']} of {limit['total']} sessions of today are used; Discord "
            f"allows more in {limit['reset_after'] / 60_000:.0f} minutes. Does something restart the relay again and "
            "again, or another program use its token?"
        )
    return GatewayAdvice(shards, max(1, limit["max_concurrency"]))
