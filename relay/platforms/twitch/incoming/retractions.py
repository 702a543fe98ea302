"""What is taken back: deleted, cleared, paid back, or its author banned."""

from twitchio.models.eventsub_ import (
    ChannelChatClear,
    ChannelChatClearUserMessages,
    ChannelPointsRedemptionUpdate,
    ChatMessageDelete,
)

from relay.model import Retraction
from relay.platforms.twitch.incoming.draft import Reader
from relay.platforms.twitch.settings import PLATFORM


def deleted(event: ChatMessageDelete, account: str, now: float) -> Retraction:
    return Retraction(platform=PLATFORM, reason="deleted on twitch", id=event.message_id)


def banned(event: ChannelChatClearUserMessages, account: str, now: float) -> Retraction:
    return Retraction(
        platform=PLATFORM,
        reason="author banned or timed out on twitch",
        author_id=event.user.id,
        channel=event.broadcaster.id,
    )


def cleared(event: ChannelChatClear, account: str, now: float) -> Retraction:
    return Retraction(platform=PLATFORM, reason="chat cleared on twitch", channel=event.broadcaster.id)


def paid_back(event: ChannelPointsRedemptionUpdate, account: str, now: float) -> Retraction | None:
    """In the streamer's queue; what is fulfilled there stays."""
    if event.status != "canceled":
        return None
    return Retraction(platform=PLATFORM, reason="paid back on twitch", id=event.id)


READERS: dict[type, Reader] = {
    ChatMessageDelete: deleted,
    ChannelChatClearUserMessages: banned,
    ChannelChatClear: cleared,
    ChannelPointsRedemptionUpdate: paid_back,
}
