"""Where waiting messages stand: who is heard before whom. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from relay.forwarding.rendering import Pick
from relay.model import AudienceMessage, Kind, Outcome, Role
from relay.moderation.features import TextFeatures


class Lane(IntEnum):
    FIRST = 0
    """What a moderator wants told before all else."""
    SPOKEN = 1
    """What somebody said aloud, and waits to be answered. No rate and no gap keeps it."""
    STAFF = 2
    """The streamer and moderators."""
    EVENT = 3
    """Raids, subscriptions, redemptions: what somebody paid for or brought about."""
    ADDRESSED = 4
    """Mentions of and replies to the companion, and questions put by command."""
    CHAT = 5


POOLED = (Lane.ADDRESSED, Lane.CHAT)
"""Lanes from which is chosen by score."""
AT_ONCE = (Lane.FIRST, Lane.SPOKEN, Lane.STAFF)
"""Lanes whose messages go one by one, before all others."""

MAX_ECHOES = 1_000
"""Viewers of one repeated message told apart; more are not counted."""


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


@dataclass(frozen=True, slots=True)
class Batch:
    """The same as it is told, all of one type."""

    picks: Sequence[Pick]
    digest: Sequence[tuple[str, int]] = ()
    choice: Choice | None = None
    """Set when the selector chose."""

    @property
    def asks(self) -> bool:
        """Whether it is told for an answer."""
        return self.choice is not None

    @property
    def is_spoken(self) -> bool:
        """Whether somebody said it aloud, who is told alone."""
        return self.picks[0].message.kind is Kind.VOICE

    @classmethod
    def of(cls, choice: Choice) -> Self:
        return cls([Pick(w.message, w.text, len(w.viewers)) for w in choice.picks], choice.digest, choice)


def lane_of(message: AudienceMessage) -> Lane:
    """Where a message waits."""
    if not message.kind.is_said:
        return Lane.EVENT
    if message.kind is Kind.VOICE:
        return Lane.SPOKEN
    if message.author.roles & {Role.STREAMER, Role.MODERATOR}:
        return Lane.STAFF
    return Lane.ADDRESSED if message.addressed or message.kind is Kind.ASK else Lane.CHAT


def seen_as(message: AudienceMessage, reading: TextFeatures) -> TextFeatures:
    """What is pretended is merged with nothing that somebody said."""
    return reading.apart() if message.pretended else reading
