"""The clock of Discord's servers, which is not that of the machine the relay runs on."""

import datetime
import time
from email.utils import formatdate

EPOCH_MS = 1_420_070_400_000
"""Reference, "Snowflakes": ids count milliseconds from the first second of 2015."""


class Clock:
    """`offset` is how many seconds it is ahead of this machine; to `advance` it makes time pass for Discord alone."""

    def __init__(self) -> None:
        self.offset = 0.0
        self._stopped_at: float | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return (time.time() if self._stopped_at is None else self._stopped_at) + self.offset

    def stop(self) -> None:
        """Let only that time pass by which it is advanced."""
        self._stopped_at = time.time()

    def advance(self, seconds: float) -> None:
        self.offset += seconds

    def snowflake(self) -> int:
        """The smallest id of this moment. Reference, "Snowflake ID Format Structure"."""
        return (int(self.now() * 1_000) - EPOCH_MS) << 22

    def date(self) -> str:
        """As the `Date` header of an answer has it, in whole seconds (RFC 9110, 6.6.1)."""
        return formatdate(self.now(), usegmt=True)


def timestamp(at: float | None) -> str | None:
    """Reference, "ISO8601 Date/Time"."""
    return None if at is None else datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()


def created(snowflake: str) -> float:
    """When an id was made, in seconds since the epoch."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1_000
