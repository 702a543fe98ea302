"""When the next message may go out under Twitch's limits. Pure: takes the time, returns the wait."""

from bisect import insort
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime

WINDOW = 30.0
"""Seconds over which Twitch counts an account's messages."""
PLAIN_LIMIT = 20
PRIVILEGED_LIMIT = 100
"""Where the account is the broadcaster or a moderator."""
REFILL = 60.0
"""Seconds in which all points of the API come back: https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits"""
POINTS = 800
"""The API gives, until an answer says otherwise: the same page."""
CHANNEL_GAP = 1.0
"""Seconds between messages in one channel, without those privileges."""

WHISPER_LIMITS = ((3, 1.0), (100, 60.0))
"""Whispers in so many seconds."""
WHISPER_PATIENCE = 3.0
"""Seconds a whisper may wait for its turn."""


class MessageWindow:
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

    def sent(self, channel: str, now: float) -> None:
        """A message is there by now. Twitch counts from when it came, which may be later than when it went."""
        self._last[channel] = max(self._last[channel], now)


class WhisperWindow:
    """Counts an account's whispers: https://dev.twitch.tv/docs/api/reference/#send-whisper"""

    def __init__(self) -> None:
        self._sent: list[float] = []

    def reserve(self, now: float) -> float | None:
        """Take the next free place; how many seconds from `now` it is, None when it is not worth waiting for."""
        places = [self._sent[-count] + span for count, span in WHISPER_LIMITS if len(self._sent) >= count]
        at = max([now, *places])
        if at - now > WHISPER_PATIENCE:
            return None
        self._sent.append(at)
        del self._sent[: -WHISPER_LIMITS[-1][0]]
        return at - now


class PointBudget:
    """The points Twitch's answers say are left for API calls.

    `Ratelimit-Reset` is a Unix time by Twitch's clock, which the `Date` of the same answer shows; ours may be wrong.
    """

    def __init__(self) -> None:
        self._left = POINTS
        self._full_at = 0.0

    def note(self, headers: Mapping[str, str], now: float) -> None:
        """Read the headers of an answer, if it has those; `now` in seconds of a monotonic clock."""
        with suppress(KeyError, ValueError):
            remaining, reset = int(headers["Ratelimit-Remaining"]), float(headers["Ratelimit-Reset"])
            there = parsedate_to_datetime(headers["Date"]).timestamp()
            self._left, self._full_at = remaining, now + min(reset - there, REFILL)

    def wait(self, now: float, spare: int = 0) -> float:
        """Seconds until there are more points than these again."""
        return max(self._full_at - now, 0.0) if self._left <= spare else 0.0
