"""EventSub events made of their documented shapes."""

import re
from typing import Any

from tests.doubles.twitch.shapes import AUTOMATIC_REWARD, FRAGMENT, NOTICES, POWER_UP, REPLY, REWARD, TYPES, fill
from tests.doubles.twitch.state import Redemption, Reward, User, number, timestamp

Event = dict[str, Any]
ANONYMOUS_GIFTER = User("274598607", "ananonymousgifter")
"""Whom chat names as the giver of an anonymous gift."""
ACTION = "\x01ACTION {}\x01"
"""How `message.text` marks /me; https://github.com/navarr/multi-stream-chat/issues/22 shows one. Fragments do not."""


def _event(type: str, channel: User, /, people: dict[str, User | None] | None = None, **values: Any) -> Event:
    return fill(TYPES[type].shape, people={"broadcaster_user": channel, **(people or {})}, **values)


def badge(name: str) -> Event:
    return {"set_id": name, "id": "1", "info": "12" if name == "subscriber" else ""}


def fragments(text: str, people: dict[str, User]) -> list[Event]:
    """The text in pieces, with known people's @names as mentions."""
    pieces: list[Event] = []
    for piece in re.split(r"(@\w+)", text):
        who = people.get(piece[1:].lower()) if piece.startswith("@") else None
        if piece:
            pieces.append(
                fill(FRAGMENT, text=piece, type="mention", mention=who.named("user"))
                if who
                else fill(FRAGMENT, text=piece)
            )
    return pieces


def reply(parent_id: str, parent: User, text: str) -> Event:
    return fill(
        REPLY,
        people={"parent_user": parent, "thread_user": parent},
        parent_message_id=parent_id,
        parent_message_body=text,
        thread_message_id=parent_id,
    )


def chat_message(
    channel: User, author: User, id: str, text: str, *, pieces: list[Event] | None = None, me: bool = False, **more: Any
) -> Event:
    """`pieces` are its fragments, by default the whole text as one; `me` for what was written after /me."""
    message = {
        "text": ACTION.format(text) if me else text,
        "fragments": pieces if pieces is not None else fragments(text, {}),
    }
    return _event("channel.chat.message", channel, {"chatter_user": author}, message_id=id, message=message, **more)


def notice(
    channel: User, author: User | None, type: str, about: Event | None = None, text: str = "", **more: Any
) -> Event:
    """A line Twitch itself puts into chat; without an author it is anonymous. A type may be one that is new to all."""
    shape = NOTICES.get(type.removeprefix("shared_chat_"))
    known = (
        {type: fill(shape, **(about or {}))}
        if shape is not None and type in TYPES["channel.chat.notification"].shape
        else {}
    )
    return _event(
        "channel.chat.notification",
        channel,
        {"chatter_user": author or ANONYMOUS_GIFTER},
        chatter_is_anonymous=author is None,
        system_message=f"a {type} happened",
        message_id=f"notice-{number()}",
        message={"text": text, "fragments": fragments(text, {})},
        notice_type=type,
        **known,
        **more,
    )


def sub_notice(channel: User, author: User, tier: str) -> Event:
    return notice(channel, author, "sub", {"sub_tier": tier})


def resub_notice(channel: User, author: User, text: str, months: int, tier: str) -> Event:
    return notice(channel, author, "resub", {"sub_tier": tier, "cumulative_months": months}, text)


def gift_notice(channel: User, giver: User | None, total: int, tier: str, gift_id: str) -> Event:
    return notice(channel, giver, "community_sub_gift", {"id": gift_id, "total": total, "sub_tier": tier})


def received_notice(channel: User, giver: User | None, lucky: User, tier: str, gift_id: str | None) -> Event:
    about = {"sub_tier": tier, "community_gift_id": gift_id, **lucky.named("recipient_user")}
    return notice(channel, giver, "sub_gift", about)


def raid_notice(channel: User, raider: User, viewers: int) -> Event:
    return notice(channel, raider, "raid", {"viewer_count": viewers, **raider.named("user")})


def message_delete(channel: User, author: User, id: str) -> Event:
    return _event("channel.chat.message_delete", channel, {"target_user": author}, message_id=id)


def clear(channel: User) -> Event:
    return _event("channel.chat.clear", channel)


def clear_user_messages(channel: User, author: User) -> Event:
    return _event("channel.chat.clear_user_messages", channel, {"target_user": author})


def follow(channel: User, user: User) -> Event:
    return _event("channel.follow", channel, {"user": user}, followed_at=timestamp())


def subscribe(channel: User, user: User, tier: str, is_gift: bool) -> Event:
    return _event("channel.subscribe", channel, {"user": user}, tier=tier, is_gift=is_gift)


def gift(channel: User, user: User | None, total: int, tier: str) -> Event:
    return _event(
        "channel.subscription.gift", channel, {"user": user}, total=total, tier=tier, is_anonymous=user is None
    )


def resub(channel: User, user: User, text: str, months: int, tier: str) -> Event:
    message = {"text": text, "emotes": None}
    return _event(
        "channel.subscription.message", channel, {"user": user}, tier=tier, message=message, cumulative_months=months
    )


def cheer(channel: User, user: User | None, bits: int, text: str) -> Event:
    return _event("channel.cheer", channel, {"user": user}, is_anonymous=user is None, message=text, bits=bits)


def raid(channel: User, raider: User, viewers: int) -> Event:
    people: dict[str, User | None] = {"from_broadcaster_user": raider, "to_broadcaster_user": channel}
    return fill(TYPES["channel.raid"].shape, people=people, viewers=viewers)


def redemption(
    channel: User, user: User, reward: str, text: str, reward_id: str, *, cost: int = 100, status: str = "unfulfilled"
) -> Event:
    return _event(
        "channel.channel_points_custom_reward_redemption.add",
        channel,
        {"user": user},
        id=f"redemption-{number()}",
        user_input=text,
        status=status,
        reward=fill(REWARD, id=reward_id, title=reward, cost=cost),
        redeemed_at=timestamp(),
    )


def redemption_update(channel: User, redeemed: Redemption, reward: Reward) -> Event:
    return _event(
        "channel.channel_points_custom_reward_redemption.update",
        channel,
        {"user": redeemed.user},
        id=redeemed.id,
        user_input=redeemed.text,
        status=redeemed.status.lower(),
        reward=fill(REWARD, id=reward.id, title=reward.title, cost=reward.cost, prompt=reward.prompt),
        redeemed_at=redeemed.at,
    )


def automatic_redemption(channel: User, user: User, type: str, cost: int, text: str = "", emote: str = "") -> Event:
    """`emote` is the name of the one unlocked."""
    unlocked = {"id": f"emote-{emote}", "name": emote} if emote else None
    return _event(
        "channel.channel_points_automatic_reward_redemption.add",
        channel,
        {"user": user},
        id=f"redemption-{number()}",
        reward=fill(AUTOMATIC_REWARD, type=type, channel_points=cost, emote=unlocked),
        message={"text": text, "fragments": fragments(text, {})} if text else None,
        redeemed_at=timestamp(),
    )


def bits_use(
    channel: User, user: User, bits: int, text: str = "", *, power_up: str = "", custom: tuple[str, str] | None = None
) -> Event:
    """A cheer, a Power-up of this type, or a custom one by its id and title."""
    return _event(
        "channel.bits.use",
        channel,
        {"user": user},
        bits=bits,
        type="power_up" if power_up else "custom_power_up" if custom else "cheer",
        power_up=fill(POWER_UP, type=power_up) if power_up else None,
        custom_power_up={"id": custom[0], "title": custom[1]} if custom else None,
        message={"text": text, "fragments": fragments(text, {})} if text else None,
    )


def online(channel: User) -> Event:
    return _event("stream.online", channel, id=f"stream-{number()}", started_at=timestamp())


def offline(channel: User) -> Event:
    return _event("stream.offline", channel, id=f"stream-{number()}")
