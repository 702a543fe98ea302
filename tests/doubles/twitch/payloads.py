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
        "source_broadcaster_user_id": None,
        "source_broadcaster_user_login": None,
        "source_broadcaster_user_name": None,
        "source_message_id": None,
        "source_badges": None,
        "is_source_only": None,
        **more,
    }


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


def online(channel: User) -> Event:
    return {"id": f"stream-{number()}", **_in(channel), "type": "live", "started_at": timestamp()}


def offline(channel: User) -> Event:
    return {"id": f"stream-{number()}", **_in(channel)}
