"""What is taken back: deleted, cleared, or its author banned."""

from twitchio.models.eventsub_ import ChannelChatClear, ChannelChatClearUserMessages, ChatMessageDelete

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


READERS: dict[type, Reader] = {
    ChatMessageDelete: deleted,
    ChannelChatClearUserMessages: banned,
    ChannelChatClear: cleared,
}
