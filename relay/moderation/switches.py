"""What moderators change while the relay runs: one immutable value, kept in the store."""

from enum import StrEnum
from typing import Self

from pydantic import Field

from relay.model import Value


class Mode(StrEnum):
    """Whose chat is heard. Events are heard in every mode."""

    ALL = "all"
    MENTIONS = "mentions"
    """Only messages that mention the companion or reply to it."""
    SUBSCRIBERS = "subscribers"
    """Only subscribers, VIPs, moderators and the streamer."""
    SLOW = "slow"
    """Every rate is a quarter of what is configured."""


class Switches(Value):
    """The moderators' settings. Whatever is not set here is as configured."""

    paused: bool = False
    """Nothing is forwarded; what comes in waits and expires."""
    mode: Mode = Mode.ALL
    rates: dict[str, float] = Field(default_factory=dict)
    """Forwards a minute by bucket: `all`, `viewer`, `platform.<name>`, `kind.chat`, `role.subscriber`, …"""
    muted: frozenset[str] = frozenset()
    """Viewers who are not heard: `platform:id`, or a name as `folded`."""
    blocked_terms: tuple[str, ...] = ()
    """Terms added to the configured ones; `/…/` is a regular expression."""
    quiet_hours: str | None = None
    """`23:00-07:30`, local time, in which nothing is forwarded; None when there are none."""
    volume: float | None = Field(None, ge=0, le=2)
    """How loud the companion speaks: 0 is silent, 1 as it is."""

    def with_(self, **changes: object) -> Self:
        """A checked copy with some fields replaced. Raises ValueError for a value that does not fit."""
        return type(self).model_validate(self.model_dump() | changes)
