"""Where waiting messages stand: who is heard before whom. Pure."""

from dataclasses import dataclass, field
from enum import IntEnum

from relay.model import AudienceMessage, Kind, Outcome, Role
from relay.moderation.features import TextFeatures


class Lane(IntEnum):
    FIRST = 0
    """What a moderator wants told before all else."""
    STAFF = 1
    """The streamer and moderators."""
    EVENT = 2
    """Raids, subscriptions, redemptions: what somebody paid for or brought about."""
    ADDRESSED = 3
    """Mentions of and replies to the companion, and questions put by command."""
    CHAT = 4


POOLED = (Lane.ADDRESSED, Lane.CHAT)
"""Lanes from which is chosen by score."""
AT_ONCE = (Lane.FIRST, Lane.STAFF)
"""Lanes whose messages go one by one, before all others."""


@dataclass(slots=True, eq=False)
class PooledMessage:
    """A message in the pool, and those that say the same."""

    message: AudienceMessage
    text: str
    """What is told: the message's text after filters."""
    reading: TextFeatures
    lane: Lane
    at: float
    luck: float = 0.0
    rank: float = 0.0
    viewers: set[str] = field(default_factory=set)

    @property
    def viewer(self) -> str:
        return self.message.viewer


@dataclass(frozen=True, slots=True)
class Ended:
    """A message that selection is done with."""

    message: AudienceMessage
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes into one forward."""

    picks: tuple[PooledMessage, ...]
    digest: tuple[tuple[str, int], ...] = ()
    """What the room shouted meanwhile, and how many viewers did."""


def lane_of(message: AudienceMessage) -> Lane:
    """Where a message waits."""
    if not message.kind.is_said:
        return Lane.EVENT
    if message.author.roles & {Role.STREAMER, Role.MODERATOR}:
        return Lane.STAFF
    return Lane.ADDRESSED if message.addressed or message.kind is Kind.ASK else Lane.CHAT
