"""What time it is for a platform. Its clock and this machine's differ, so the two are never compared without this."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Final

import aiohttp

from relay.system import clock

TRUNCATED: Final = 0.5
"""Seconds: the `Date` of an answer leaves out the part of a second, which is half of one on average."""
NOTABLE: Final = 2.0
"""Seconds between two clocks that are worth a word."""


class PlatformClock:
    """Reads a platform's time from the `Date` header of its answers, to half a second.

    Held against the steady clock, so that a wall clock that is set while the relay runs changes nothing.
    """

    def __init__(self, *, steady: Callable[[], float] = time.monotonic, wall: Callable[[], float] = clock.now) -> None:
        self._steady = steady
        self._wall = wall
        self._ahead_of_steady: float | None = None

    def trace(self) -> aiohttp.TraceConfig:
        """For a client's session: every answer is read."""

        async def read(_: aiohttp.ClientSession, __: SimpleNamespace, answer: aiohttp.TraceRequestEndParams) -> None:
            self.note(answer.response.headers.get("Date", ""))

        config = aiohttp.TraceConfig()
        config.on_request_end.append(read)
        return config

    def note(self, date: str) -> None:
        """What an answer that has just come says; nothing when it is no date."""
        try:
            said = parsedate_to_datetime(date).timestamp()
        except ValueError:
            return
        self._ahead_of_steady = said + TRUNCATED - self._steady()

    def now(self) -> float:
        """The platform's time in seconds since the epoch; this machine's until the platform has answered once."""
        return self._wall() if self._ahead_of_steady is None else self._ahead_of_steady + self._steady()

    def now_at_least(self) -> float:
        """A time that the platform's clock has reached for certain."""
        return self.now() - 2 * TRUNCATED

    def lead(self) -> float:
        """How many seconds this machine's clock is ahead of the platform's; negative when it is behind."""
        return self._wall() - self.now()

    def arrived(self) -> float:
        """Now, by this machine's clock."""
        return self._wall()

    def happened(self, at: float) -> float:
        """When something that the platform dates `at` happened, by this machine's clock; never in the future."""
        return self._wall() - max(0.0, self.now() - at)

    def difference(self, platform: str) -> str:
        """What a person is told of it; "" when it is not worth a word."""
        if abs(lead := self.lead()) < NOTABLE:
            return ""
        side = "ahead of" if lead > 0 else "behind"
        return (
            f"this computer's clock is {abs(lead):.0f} s {side} {platform}'s: let the system set it from the "
            "internet, so that times in logs and statistics are right"
        )
