"""What Twitch tells twice: as an event of its own, and in chat, where everybody may read it."""

from twitchio import ChatMessage, ChatNotification
from twitchio.models.eventsub_ import BaseEvent

CHEER = "channel.cheer"
REDEMPTION = "channel.channel_points_custom_reward_redemption.add"
GIFT = "channel.subscription.gift"
_NOTICES = {
    "sub": "channel.subscribe",
    "resub": "channel.subscription.message",
    "sub_gift": GIFT,
    "community_sub_gift": GIFT,
    "raid": "channel.raid",
}


def twin(event: BaseEvent) -> tuple[str, str] | None:
    """The event type, and the channel, that reports the same thing in full to who may subscribe it."""
    if isinstance(event, ChatNotification) and event.notice_type in _NOTICES:
        return _NOTICES[event.notice_type], event.broadcaster.id
    if isinstance(event, ChatMessage) and (event.cheer is not None or event.channel_points_id):
        return CHEER if event.cheer is not None else REDEMPTION, event.broadcaster.id
    return None
