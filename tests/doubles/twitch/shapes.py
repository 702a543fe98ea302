"""EventSub's events as Twitch documents them: every key there is, null or empty until it is filled in.

What may be subscribed, with which scope: https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/
What each event holds: https://dev.twitch.tv/docs/eventsub/eventsub-reference/
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tests.doubles.twitch.state import User

Shape = dict[str, Any]
OWNER, MODERATOR = "owner", "moderator"
_READ_SUBS = "channel:read:subscriptions"


def _person(prefix: str) -> Shape:
    """The three keys that name somebody."""
    return {f"{prefix}_id": None, f"{prefix}_login": None, f"{prefix}_name": None}


_CHANNEL = _person("broadcaster_user")
_MESSAGE: Shape = {"text": "", "fragments": []}
_SOURCE = {
    **_person("source_broadcaster_user"), "source_message_id": None, "source_badges": None, "is_source_only": None,
}  # fmt: skip

FRAGMENT: Shape = {"type": "text", "text": "", "cheermote": None, "emote": None, "mention": None}
"""#channel-chat-message-event, message.fragments"""
REPLY: Shape = {
    "parent_message_id": "", "parent_message_body": "", **_person("parent_user"),
    "thread_message_id": "", **_person("thread_user"),
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

_GIFTER = {"gifter_is_anonymous": None, **_person("gifter_user")}
NOTICES: dict[str, Shape] = {
    "sub": {"sub_tier": "1000", "is_prime": False, "duration_months": 1},
    "resub": {
        "cumulative_months": 1, "duration_months": 1, "streak_months": None, "sub_tier": "1000", "is_prime": False,
        "is_gift": False, **_GIFTER,
    },
    "sub_gift": {
        "duration_months": 1, "cumulative_total": None, **_person("recipient_user"), "sub_tier": "1000",
        "community_gift_id": None,
    },
    "community_sub_gift": {"id": "", "total": 1, "sub_tier": "1000", "cumulative_total": None},
    "gift_paid_upgrade": dict(_GIFTER),
    "prime_paid_upgrade": {"sub_tier": "1000"},
    "raid": {**_person("user"), "viewer_count": 0, "profile_image_url": "https://static.example/profile.png"},
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


@dataclass(frozen=True)
class EventType:
    """One type that can be subscribed."""

    version: str
    scope: str | None
    rank: str | None
    """What the account has to be in the channel."""
    page: str
    """Where its event is documented, below the reference's address."""
    shape: Shape


TYPES: dict[str, EventType] = {
    "channel.chat.message": EventType(
        "1", "user:read:chat", None, "#channel-chat-message-event",
        {
            **_CHANNEL, **_person("chatter_user"), "message_id": "", "message": _MESSAGE, "message_type": "text",
            "badges": [], "cheer": None, "color": "#1E90FF", "reply": None, "channel_points_custom_reward_id": None,
            "channel_points_animation_id": None, **_SOURCE,
        },
    ),
    "channel.chat.notification": EventType(
        "1", "user:read:chat", None, "#channel-chat-notification-event",
        {
            **_CHANNEL, **_person("chatter_user"), "chatter_is_anonymous": False, "color": "", "badges": [],
            "system_message": "", "message_id": "", "message": _MESSAGE, "notice_type": "unknown",
            **dict.fromkeys(NOTICES), **{f"shared_chat_{name}": None for name in _SHARED_NOTICES}, **_SOURCE,
        },
    ),
    "channel.chat.message_delete": EventType(
        "1", "user:read:chat", None, "#channel-chat-message-delete-event",
        {**_CHANNEL, **_person("target_user"), "message_id": ""},
    ),
    "channel.chat.clear": EventType("1", "user:read:chat", None, "#channel-chat-clear-event", dict(_CHANNEL)),
    "channel.chat.clear_user_messages": EventType(
        "1", "user:read:chat", None, "#channel-chat-clear-user-messages-event", {**_CHANNEL, **_person("target_user")},
    ),
    "channel.follow": EventType(
        "2", "moderator:read:followers", MODERATOR, "#channel-follow-event",
        {**_CHANNEL, **_person("user"), "followed_at": ""},
    ),
    "channel.subscribe": EventType(
        "1", _READ_SUBS, OWNER, "#channel-subscribe-event",
        {**_CHANNEL, **_person("user"), "tier": "1000", "is_gift": False},
    ),
    "channel.subscription.gift": EventType(
        "1", _READ_SUBS, OWNER, "#channel-subscription-gift-event",
        {**_CHANNEL, **_person("user"), "total": 1, "tier": "1000", "cumulative_total": None, "is_anonymous": False},
    ),
    "channel.subscription.message": EventType(
        "1", _READ_SUBS, OWNER, "#channel-subscription-message-event",
        {
            **_CHANNEL, **_person("user"), "tier": "1000", "message": {"text": "", "emotes": None},
            "cumulative_months": 1, "streak_months": None, "duration_months": 1,
        },
    ),
    "channel.cheer": EventType(
        "1", "bits:read", OWNER, "#channel-cheer-event",
        {**_CHANNEL, **_person("user"), "is_anonymous": False, "message": "", "bits": 0},
    ),
    "channel.raid": EventType(
        "1", None, None, "#channel-raid-event",
        {**_person("from_broadcaster_user"), **_person("to_broadcaster_user"), "viewers": 0},
    ),
    "channel.channel_points_custom_reward_redemption.add": EventType(
        "1", "channel:read:redemptions", OWNER, "#channel-points-custom-reward-redemption-add-event",
        {
            "id": "", **_CHANNEL, **_person("user"), "user_input": "", "status": "unfulfilled", "reward": REWARD,
            "redeemed_at": "",
        },
    ),
    "channel.channel_points_automatic_reward_redemption.add": EventType(
        "2", "channel:read:redemptions", OWNER, "#channel-points-automatic-reward-redemption-add-v2-event",
        {**_CHANNEL, **_person("user"), "id": "", "reward": AUTOMATIC_REWARD, "message": None, "redeemed_at": ""},
    ),
    "channel.bits.use": EventType(
        "1", "bits:read", OWNER, "#channel-bits-use-event",
        {
            **_CHANNEL, **_person("user"), "bits": 0, "type": "cheer", "power_up": None, "custom_power_up": None,
            "message": None,
        },
    ),
    "channel.update": EventType(
        "2", None, None, "#channel-update-event",
        {
            **_CHANNEL, "title": "", "language": "en", "category_id": "", "category_name": "",
            "content_classification_labels": [],
        },
    ),
    "stream.online": EventType(
        "1", None, None, "#stream-online-event", {"id": "", **_CHANNEL, "type": "live", "started_at": ""},
    ),
    "stream.offline": EventType("1", None, None, "#stream-offline-event", {"id": "", **_CHANNEL}),
}  # fmt: skip


def fill(shape: Shape, /, *, people: dict[str, User | None] | None = None, **values: Any) -> Shape:
    """The shape with people, by the prefix of their keys, and values put in. No key that is not documented."""
    filled = deepcopy(shape)
    for prefix, user in (people or {}).items():
        values |= user.named(prefix) if user is not None else {}
    if unknown := values.keys() - filled.keys():
        raise KeyError(f"not in the documentation: {', '.join(sorted(unknown))}")
    return filled | values
