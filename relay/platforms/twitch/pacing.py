"""When the next message may go out under Twitch's limits. Pure: takes the time, returns the wait."""

from bisect import insort
from collections.abc import Mapping
from contextlib import suppress

WINDOW = 30.0
"""Seconds over which Twitch counts an account's messages."""
PLAIN_LIMIT = 20
PRIVILEGED_LIMIT = 100
"""Where the account is the broadcaster or a moderator."""
CHANNEL_GAP = 1.0
"""Seconds between messages in one channel, without those privileges."""


class Window:
    """Counts an account's messages over all its channels."""

    def __init__(self) -> None:
        self._sent: list[float] = []
        self._last: dict[str, float] = {}

    def reserve(self, channel: str, privileged: bool, now: float) -> float:
        """Take the next free place for a message to this channel; how many seconds from `now` it is."""
        limit = PRIVILEGED_LIMIT if privileged else PLAIN_LIMIT
        at = now
        if len(self._sent) >= limit:
            at = max(at, self._sent[-limit] + WINDOW)
        if not privileged and channel in self._last:
            at = max(at, self._last[channel] + CHANNEL_GAP)
        insort(self._sent, at)
        del self._sent[:-PRIVILEGED_LIMIT]
        self._last[channel] = at
        return at - now


class Budget:
    """The points Twitch's answers say are left for API calls."""

    def __init__(self) -> None:
        self._remaining = 1
        self._reset = 0.0

    def note(self, headers: Mapping[str, str]) -> None:
        """Read the `Ratelimit-*` headers of an answer, if it has any."""
        with suppress(KeyError, ValueError):
            self._remaining, self._reset = int(headers["Ratelimit-Remaining"]), float(headers["Ratelimit-Reset"])

    def wait(self, now: float) -> float:
        """Seconds until there are points again; at most a minute, the time in which they all come back."""
        return min(max(self._reset - now, 0.0), 60.0) if self._remaining <= 0 else 0.0
