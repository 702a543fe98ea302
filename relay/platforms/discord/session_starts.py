"""When a session of the gateway may begin: Discord resets the token of a bot that begins too many."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

import discord

from relay.errors import PlatformUnavailable
from relay.platforms.discord.outgoing import FAILURES, explain

APART: Final = 5.0
"""Seconds between two sessions at least (Discord's session start limit, `max_concurrency`)."""
SUSTAINED: Final = 90.0
"""Seconds between two sessions that all fail, in the end: 960 a day, where Discord allows 1,000."""
JITTER: Final = 0.2
"""The part of a wait that chance adds at most."""
RESERVE: Final = 20
"""Session starts left for a person who restarts the relay; the last of the day would cost the token."""

TIMEOUT: Final = 20.0


class SessionStarts:
    """Doubles the wait with each session that begins, and forgets one in `SUSTAINED` seconds."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """`clock` in seconds; `chance` draws between two bounds."""
        self._clock = clock
        self._chance = chance
        self._recent = 0.0
        self._begun = clock()
        self._next = self._begun

    def begins(self) -> None:
        """Discord is asked to begin a session."""
        now = self._clock()
        self._recent = max(0.0, self._recent - (now - self._begun) / SUSTAINED) + 1.0
        self._begun = now
        wait = min(SUSTAINED, APART * 2.0 ** (self._recent - 1.0))
        self._next = now + wait * (1.0 + self._chance(0.0, JITTER))

    def wait(self) -> float:
        """Seconds until the next may begin."""
        return max(0.0, self._next - self._clock())

    async def turn(self) -> None:
        """Return when the next may begin."""
        await asyncio.sleep(self.wait())


async def leave_some(client: discord.Client) -> None:
    """Raises PlatformUnavailable when few sessions may begin today, whoever began the others."""
    try:
        async with asyncio.timeout(TIMEOUT):
            _, _, limit = await client.http.get_bot_gateway()
    except FAILURES as error:
        raise PlatformUnavailable(str(explain(error, "gateway"))) from None
    if limit["remaining"] <= RESERVE:
        raise PlatformUnavailable(
            f"discord: {limit['total'] - limit['remaining']} of {limit['total']} sessions of today are used; Discord "
            f"allows more in {limit['reset_after'] / 60_000:.0f} minutes. Does something restart the relay again and "
            "again, or another program use its token?"
        )
