"""EventSub's events as Twitch documents them: every key there is, null or empty until it is filled in.

What may be subscribed, with which scope: https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/
What each event holds: https://dev.twitch.tv/docs/eventsub/eventsub-reference/
"""

from tests.doubles.twitch.channel_shapes import CHANNEL_TYPES
from tests.doubles.twitch.shape import MODERATOR, OWNER, EventType, Shape, fill, person

__all__ = ["FRAGMENT", "MODERATOR", "NOTICES", "OWNER", "REPLY", "REWARD", "TYPES", "EventType", "Shape", "fill"]

_READ_SUBS = "channel:read:subscriptions"
_CHANNEL = person("broadcaster_user")
_MESSAGE: Shape = {"text": "", "fragments": []}
_SOURCE = {
    **person("source_broadcaster_user"), "source_message_id": None, "source_badges": None, "is_source_only": None,
}  # fmt: skip

FRAGMENT: Shape = {"type": "text", "text": "", "cheermote": None, "emote": None, "mention": None}
"""#channel-chat-message-event, message.fragments"""
REPLY: Shape = {
    "parent_message_id": "", "parent_message_body": "", **person("parent_user"),
    "thread_message_id": "", **person("thread_user"),
}  # fmt: skip
"""#channel-chat-message-event, reply"""
REWARD: Shape = {"id": "", "title": "", "cost": 100, "prompt": ""}
"""#reward"""
AUTOMATIC_REWARD: Shape = {"type": "send_highlighted_message", "channel_points": 200, "emote": None}
"""#channel-points-automatic-reward-redemption-add-v2-event, reward"""
POWER_UP: Shape = {"type": "celebration", "emote": None, "message_effect_id": None}
"""#channel-bits-use-event, power_up"""
IN_CHAT = {
    "send_highlighted_message": "channel_points_highlighted",
    "single_message_bypass_sub_mode": "channel_points_sub_only",
    "message_effect": "power_ups_message_effect",
    "gigantify_an_emote": "power_ups_gigantified_emote",
}
"""The `message_type` of the chat message that comes with one: #channel-chat-message-event. The others have none."""

_GIFTER = {"gifter_is_anonymous": None, **person("gifter_user")}
NOTICES: dict[str, Shape] = {
    "sub": {"sub_tier": "1000", "is_prime": False, "duration_months": 1},
    "resub": {
        "cumulative_months": 1, "duration_months": 1, "streak_months": None, "sub_tier": "1000", "is_prime": False,
        "is_gift": False, **_GIFTER,
    },
    "sub_gift": {
        "duration_months": 1, "cumulative_total": None, **person("recipient_user"), "sub_tier": "1000",
        "community_gift_id": None,
    },
    "community_sub_gift": {"id": "", "total": 1, "sub_tier": "1000", "cumulative_total": None},
    "gift_paid_upgrade": dict(_GIFTER),
    "prime_paid_upgrade": {"sub_tier": "1000"},
    "raid": {**person("user"), "viewer_count": 0, "profile_image_url": "https://static.example/profile.png"},
    "unraid": {},
    "pay_it_forward": dict(_GIFTER),
    "announcement": {"color": "PRIMARY"},
    "bits_badge_tier": {"tier": 1000},
    "charity_donation": {"charity_name": "", "amount": {"value": 500, "decimal_place": 2, "currency": "EUR"}},
    "watch_streak": {"streak_count": 3, "channel_points_awarded": 350},
    "modiversary": {"months": 12},
}  # fmt: skip
"""#channel-chat-notification-event: what each `notice_type` tells, under a key of its name. There is `unknown`, too."""
_SHARED_NOTICES = (
    "sub", "resub", "sub_gift", "community_sub_gift", "gift_paid_upgrade", "prime_paid_upgrade", "raid",
    "pay_it_forward", "announcement", "modiversary",
)  # fmt: skip


TYPES: dict[str, EventType] = {
    "channel.chat.message": EventType(
        "1", "user:read:chat", None, "#channel-chat-message-event",
        {
            **_CHANNEL, **person("chatter_user"), "message_id": "", "message": _MESSAGE, "message_type": "text",
            "badges": [], "cheer": None, "color": "#1E90FF", "reply": None, "channel_points_custom_reward_id": None,
            "channel_points_animation_id": None, **_SOURCE,
        },
    ),
    "channel.chat.notification": EventType(
        "1", "user:read:chat", None, "#channel-chat-notification-event",
        {
            **_CHANNEL, **person("chatter_user"), "chatter_is_anonymous": False, "color": "", "badges": [],
            "system_message": "", "message_id": "", "message": _MESSAGE, "notice_type": "unknown",
            **dict.fromkeys(NOTICES), **{f"shared_chat_{name}": None for name in _SHARED_NOTICES}, **_SOURCE,
        },
    ),
    "channel.chat.message_delete": EventType(
        "1", "user:read:chat", None, "#channel-chat-message-delete-event",
        {**_CHANNEL, **person("target_user"), "message_id": ""},
    ),
    "channel.chat.clear": EventType("1", "user:read:chat", None, "#channel-chat-clear-event", dict(_CHANNEL)),
    "channel.chat.clear_user_messages": EventType(
        "1", "user:read:chat", None, "#channel-chat-clear-user-messages-event", {**_CHANNEL, **person("target_user")},
    ),
    "channel.follow": EventType(
        "2", "moderator:read:followers", MODERATOR, "#channel-follow-event",
        {**_CHANNEL, **person("user"), "followed_at": ""},
    ),
    "channel.subscribe": EventType(
        "1", _READ_SUBS, OWNER, "#channel-subscribe-event",
        {**_CHANNEL, **person("user"), "tier": "1000", "is_gift": False},
    ),
    "channel.subscription.gift": EventType(
        "1", _READ_SUBS, OWNER, "#channel-subscription-gift-event",
        {**_CHANNEL, **person("user"), "total": 1, "tier": "1000", "cumulative_total": None, "is_anonymous": False},
    ),
    "channel.subscription.message": EventType(
        "1", _READ_SUBS, OWNER, "#channel-subscription-message-event",
        {
            **_CHANNEL, **person("user"), "tier": "1000", "message": {"text": "", "emotes": None},
            "cumulative_months": 1, "streak_months": None, "duration_months": 1,
        },
    ),
    "channel.cheer": EventType(
        "1", "bits:read", OWNER, "#channel-cheer-event",
        {**_CHANNEL, **person("user"), "is_anonymous": False, "message": "", "bits": 0},
    ),
    "channel.raid": EventType(
        "1", None, None, "#channel-raid-event",
        {**person("from_broadcaster_user"), **person("to_broadcaster_user"), "viewers": 0},
    ),
    "channel.channel_points_custom_reward_redemption.add": EventType(
        "1", "channel:read:redemptions", OWNER, "#channel-points-custom-reward-redemption-add-event",
        {
            "id": "", **_CHANNEL, **person("user"), "user_input": "", "status": "unfulfilled", "reward": REWARD,
            "redeemed_at": "",
        },
    ),
    "channel.channel_points_custom_reward_redemption.update": EventType(
        "1", "channel:read:redemptions", OWNER, "#channel-points-custom-reward-redemption-update-event",
        {
            "id": "", **_CHANNEL, **person("user"), "user_input": "", "status": "fulfilled", "reward": REWARD,
            "redeemed_at": "",
        },
    ),
    "channel.channel_points_automatic_reward_redemption.add": EventType(
        "2", "channel:read:redemptions", OWNER, "#channel-points-automatic-reward-redemption-add-v2-event",
        {**_CHANNEL, **person("user"), "id": "", "reward": AUTOMATIC_REWARD, "message": None, "redeemed_at": ""},
    ),
    "channel.bits.use": EventType(
        "1", "bits:read", OWNER, "#channel-bits-use-event",
        {
            **_CHANNEL, **person("user"), "bits": 0, "type": "cheer", "power_up": None, "custom_power_up": None,
            "message": None,
        },
    ),
    "stream.online": EventType(
        "1", None, None, "#stream-online-event", {"id": "", **_CHANNEL, "type": "live", "started_at": ""},
    ),
    "stream.offline": EventType("1", None, None, "#stream-offline-event", {"id": "", **_CHANNEL}),
} | CHANNEL_TYPES  # fmt: skip
