"""What Twitch tells twice: as an event of its own, and in chat, where everybody may read it."""

from twitchio import ChannelCheer, ChannelSubscriptionGift, ChannelSubscriptionMessage, ChatMessage, ChatNotification
from twitchio.models.eventsub_ import BaseEvent

from relay.platforms.twitch.mending import NOTICE

CHAT = "channel.chat.message"
REDEMPTION = "channel.channel_points_custom_reward_redemption.add"
_NOTICES = {
    "sub": "channel.subscribe",
    "raid": "channel.raid",
}


def twin(event: BaseEvent) -> tuple[str, str] | None:
    """The event type, and the channel, that reports the same thing in full to who may subscribe it.

    Often chat does: it alone names who is given a subscription, and has the ids by which moderators delete what
    somebody wrote with bits or a resubscription.
    """
    if isinstance(event, ChannelCheer):
        return CHAT, event.broadcaster.id
    if isinstance(event, ChannelSubscriptionGift | ChannelSubscriptionMessage):
        return NOTICE, event.broadcaster.id
    if isinstance(event, ChatNotification) and event.notice_type in _NOTICES:
        return _NOTICES[event.notice_type], event.broadcaster.id
    if isinstance(event, ChatMessage) and event.channel_points_id:
        return REDEMPTION, event.broadcaster.id
    return None
