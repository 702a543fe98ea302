"""EventSub events as Twitch sends them, every key present."""

import re
from typing import Any

from tests.doubles.twitch.state import User, number, timestamp

Event = dict[str, Any]
NOBODY: Event = {"user_id": None, "user_login": None, "user_name": None}


def _in(channel: User) -> Event:
    return channel.named("broadcaster_user")


def badge(name: str) -> Event:
    return {"set_id": name, "id": "1", "info": "12" if name == "subscriber" else ""}


def fragments(text: str, people: dict[str, User]) -> list[Event]:
    """The text in pieces, with known people's @names as mentions."""
    pieces: list[Event] = []
    for piece in re.split(r"(@\w+)", text):
        who = people.get(piece[1:].lower()) if piece.startswith("@") else None
        mention = who.named("user") if who else None
        if piece:
            pieces.append(
                {
                    "type": "mention" if who else "text",
                    "text": piece,
                    "cheermote": None,
                    "emote": None,
                    "mention": mention,
                }
            )
    return pieces


def reply(parent_id: str, parent: User, text: str) -> Event:
    return {
        "parent_message_id": parent_id,
        "parent_message_body": text,
        **parent.named("parent_user"),
        "thread_message_id": parent_id,
        **parent.named("thread_user"),
    }


def chat_message(channel: User, author: User, id: str, text: str, **more: Any) -> Event:
    return {
        **_in(channel),
        **author.named("chatter_user"),
        "message_id": id,
        "message": {"text": text, "fragments": more.pop("fragments", [])},
        "color": "#1E90FF",
        "badges": [],
        "message_type": "text",
        "cheer": None,
        "reply": None,
        "channel_points_custom_reward_id": None,
        "channel_points_animation_id": None,
        **source(None),
        **more,
    }


NOTICES = (
    "sub", "resub", "sub_gift", "community_sub_gift", "gift_paid_upgrade", "prime_paid_upgrade", "raid", "unraid",
    "pay_it_forward", "announcement", "bits_badge_tier", "charity_donation", "watch_streak", "modiversary",
)  # fmt: skip
SHARED = (
    "sub", "resub", "sub_gift", "community_sub_gift", "gift_paid_upgrade", "prime_paid_upgrade", "raid",
    "pay_it_forward", "announcement", "modiversary",
)  # fmt: skip


def notice(channel: User, author: User | None, type: str, about: Event, text: str = "") -> Event:
    """A line Twitch itself puts into chat; without an author it is anonymous."""
    return {
        **_in(channel),
        **(author or User("274598607", "ananonymousgifter")).named("chatter_user"),
        "chatter_is_anonymous": author is None,
        "color": "",
        "badges": [],
        "system_message": f"a {type} happened",
        "message_id": f"notice-{number()}",
        "message": {"text": text, "fragments": []},
        "notice_type": type,
        **{name: None for name in NOTICES},
        **{f"shared_chat_{name}": None for name in SHARED},
        **source(None),
        type: about,
    }


def source(channel: User | None) -> Event:
    """Where a message of a shared chat was written; nowhere else when there is no shared chat."""
    keys = channel.named("source_broadcaster_user") if channel else {}
    nowhere = {
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
    }
    return {**nowhere, **keys, "source_message_id": None, "source_badges": None, "is_source_only": None}


def sub_notice(channel: User, author: User, tier: str) -> Event:
    return notice(channel, author, "sub", {"sub_tier": tier, "is_prime": False, "duration_months": 1})


def resub_notice(channel: User, author: User, text: str, months: int, tier: str) -> Event:
    about = {
        "sub_tier": tier,
        "is_prime": False,
        "is_gift": False,
        "duration_months": 1,
        "cumulative_months": months,
        "streak_months": None,
        "gifter_is_anonymous": None,
        "gifter_user_id": None,
        "gifter_user_login": None,
        "gifter_user_name": None,
    }
    return notice(channel, author, "resub", about, text)


def gift_notice(channel: User, giver: User | None, total: int, tier: str, gift_id: str) -> Event:
    about = {"id": gift_id, "total": total, "sub_tier": tier, "cumulative_total": None}
    return notice(channel, giver, "community_sub_gift", about)


def received_notice(channel: User, giver: User | None, lucky: User, tier: str, gift_id: str | None) -> Event:
    about = {
        "duration_months": 1,
        "cumulative_total": None,
        "sub_tier": tier,
        "community_gift_id": gift_id,
        **lucky.named("recipient_user"),
    }
    return notice(channel, giver, "sub_gift", about)


def raid_notice(channel: User, raider: User, viewers: int) -> Event:
    about = {
        **raider.named("user"),
        "viewer_count": viewers,
        "profile_image_url": "https://static.example/profile.png",
    }
    return notice(channel, raider, "raid", about)


def message_delete(channel: User, author: User, id: str) -> Event:
    return {**_in(channel), **author.named("target_user"), "message_id": id}


def clear(channel: User) -> Event:
    return _in(channel)


def clear_user_messages(channel: User, author: User) -> Event:
    return {**_in(channel), **author.named("target_user")}


def follow(channel: User, user: User) -> Event:
    return {**_in(channel), **user.named("user"), "followed_at": timestamp()}


def subscribe(channel: User, user: User, tier: str, is_gift: bool) -> Event:
    return {**_in(channel), **user.named("user"), "tier": tier, "is_gift": is_gift}


def gift(channel: User, user: User | None, total: int, tier: str) -> Event:
    giver = user.named("user") if user else NOBODY
    return {
        **_in(channel),
        **giver,
        "total": total,
        "tier": tier,
        "cumulative_total": None,
        "is_anonymous": user is None,
    }


def resub(channel: User, user: User, text: str, months: int, tier: str) -> Event:
    return {
        **_in(channel),
        **user.named("user"),
        "tier": tier,
        "message": {"text": text, "emotes": None},
        "cumulative_months": months,
        "streak_months": None,
        "duration_months": 1,
    }


def cheer(channel: User, user: User | None, bits: int, text: str) -> Event:
    giver = user.named("user") if user else NOBODY
    return {**_in(channel), **giver, "is_anonymous": user is None, "message": text, "bits": bits}


def raid(channel: User, raider: User, viewers: int) -> Event:
    return {
        **raider.named("from_broadcaster_user"),
        **channel.named("to_broadcaster_user"),
        "viewers": viewers,
    }


def redemption(channel: User, user: User, reward: str, text: str, reward_id: str) -> Event:
    return {
        "id": f"redemption-{number()}",
        **_in(channel),
        **user.named("user"),
        "user_input": text,
        "status": "unfulfilled",
        "reward": {"id": reward_id, "title": reward, "cost": 100, "prompt": ""},
        "redeemed_at": timestamp(),
    }


def update(channel: User, title: str, category: str) -> Event:
    return {
        **_in(channel),
        "title": title,
        "language": "en",
        "category_id": "743",
        "category_name": category,
        "content_classification_labels": [],
    }


def online(channel: User) -> Event:
    return {"id": f"stream-{number()}", **_in(channel), "type": "live", "started_at": timestamp()}


def offline(channel: User) -> Event:
    return {"id": f"stream-{number()}", **_in(channel)}
