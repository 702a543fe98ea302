"""What Twitch tells twice: as an event of its own, and in chat, where everybody may read it."""

from twitchio import ChannelSubscriptionGift, ChatMessage, ChatNotification
from twitchio.models.eventsub_ import BaseEvent

from relay.platforms.twitch.mending import NOTICE

CHEER = "channel.cheer"
REDEMPTION = "channel.channel_points_custom_reward_redemption.add"
_NOTICES = {
    "sub": "channel.subscribe",
    "resub": "channel.subscription.message",
    "raid": "channel.raid",
}


def twin(event: BaseEvent) -> tuple[str, str] | None:
    """The event type, and the channel, that reports the same thing in full to who may subscribe it.

    Gifts are the other way round: only chat names who is given one.
    """
    if isinstance(event, ChannelSubscriptionGift):
        return NOTICE, event.broadcaster.id
    if isinstance(event, ChatNotification) and event.notice_type in _NOTICES:
        return _NOTICES[event.notice_type], event.broadcaster.id
    if isinstance(event, ChatMessage) and (event.cheer is not None or event.channel_points_id):
        return CHEER if event.cheer is not None else REDEMPTION, event.broadcaster.id
    return None
