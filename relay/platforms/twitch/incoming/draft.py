"""What all messages made of Twitch's events have in common."""

from collections.abc import Callable, Iterable
from typing import Any

from twitchio import PartialUser
from twitchio.models.eventsub_ import BaseEvent, ChatMessageBadge

from relay.model import AudienceMessage, Author, Incoming, Kind, Role
from relay.platforms.twitch.settings import PLATFORM

Reader = Callable[[Any, str, float], Incoming | tuple[Incoming, ...] | None]
"""What one type of event means; see `read`."""
ANONYMOUS = Author(id="anonymous", name="Anonymous", is_nobody=True)
_BADGES = {
    "broadcaster": Role.STREAMER,
    "moderator": Role.MODERATOR,
    "lead_moderator": Role.MODERATOR,
    "vip": Role.VIP,
    "subscriber": Role.SUBSCRIBER,
    "founder": Role.SUBSCRIBER,
    "bot-badge": Role.BOT,
}


def draft(
    event: BaseEvent, now: float, kind: Kind, channel: PartialUser, author: Author, **more: Any
) -> AudienceMessage:
    """A message from this event, which came at `now`; `more` are further fields of it."""
    common = {
        "platform": PLATFORM,
        "id": event.metadata.message_id if event.metadata else "",
        "channel": channel.id,
        "kind": kind,
        "author": author,
        "at": now,
    }
    return AudienceMessage.model_validate(common | more)


def of_streamer(event: Any, now: float, kind: Kind, **more: Any) -> AudienceMessage:
    """A message about what happens in a streamer's channel, in which nobody else has a part."""
    streamer = author_of(event.broadcaster, frozenset({Role.STREAMER}))
    return draft(event, now, kind, event.broadcaster, streamer, **more)


def author_of(user: PartialUser | None, roles: frozenset[Role] = frozenset()) -> Author:
    """Who did it; nobody is somebody anonymous."""
    return ANONYMOUS if user is None else Author(id=user.id, name=user.display_name or user.id, roles=roles)


def roles(badges: Iterable[ChatMessageBadge]) -> frozenset[Role]:
    """What an author is in a channel, from the badges beside the name."""
    return frozenset(_BADGES[badge.set_id] for badge in badges if badge.set_id in _BADGES) or frozenset({Role.VIEWER})


def tier(tier: str) -> str:
    """A subscription's tier as people call it."""
    return f"tier {tier.removesuffix('000')}"
