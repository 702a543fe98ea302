"""What Twitch's events mean: TwitchIO's payloads become audience messages and retractions. Pure."""

from collections.abc import Mapping

from twitchio import ChatNotification
from twitchio.models.eventsub_ import BaseEvent

from relay.model import Incoming
from relay.platforms.twitch.incoming import (
    broadcast,
    channel,
    chat,
    moderation,
    notices,
    retractions,
    rewards,
    taking_part,
)
from relay.platforms.twitch.incoming.draft import Reader

_READERS: Mapping[type[BaseEvent], Reader] = (
    chat.READERS
    | notices.READERS
    | channel.READERS
    | taking_part.READERS
    | broadcast.READERS
    | moderation.READERS
    | rewards.READERS
    | retractions.READERS
)


def read_beside(event: BaseEvent, account: str, now: float) -> tuple[Incoming, ...]:
    """What is told by this event alone, although another one tells of the same thing; see twins.py."""
    return notices.words_alone(event, account, now) if isinstance(event, ChatNotification) else ()


def read(event: BaseEvent, account: str, now: float) -> tuple[Incoming, ...]:
    """What the event means to the relay, in order; empty when it means nothing.

    `account` is the id of the companion's own account, `now` is when it came, by this machine's clock.
    """
    reader = _READERS.get(type(event))
    found = reader(event, account, now) if reader is not None else None
    return found if isinstance(found, tuple) else (found,) if found is not None else ()
