"""Which events we want from Twitch, the dearest to a chat first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from twitchio import eventsub
from twitchio.eventsub.subscriptions import SubscriptionPayload

from relay.platforms.twitch.connection import Account, Channel

Build = Callable[[str, str], SubscriptionPayload]
Key = tuple[str, frozenset[tuple[str, Any]]]

MAX_SUBSCRIPTIONS = 300
"""One connection holds: https://dev.twitch.tv/docs/eventsub/handling-websocket-events/#subscription-limits"""
READ_CHAT = "user:read:chat"
WRITE_CHAT = "user:write:chat"


@dataclass(frozen=True)
class EventSource:
    """One kind of event to subscribe in every channel."""

    type: str
    build: Build
    """Makes TwitchIO's subscription for a channel and the companion's own account."""
    scope: str | None
    gives: str
    """What is missing without it, in a streamer's words."""
    streamers_alone: bool = False
    """Only the login of the streamer whose channel it is may subscribe it."""
    in_chat: bool = False
    """Chat repeats it, so little is missed without it."""

    @property
    def is_priced(self) -> bool:
        """Where no scope is needed, Twitch counts a cost of 1 if the streamer has not authorised the application.

        https://dev.twitch.tv/docs/eventsub/manage-subscriptions/#subscription-limits
        """
        return self.scope is None


def _chat(payload: Callable[..., SubscriptionPayload]) -> Build:
    return lambda channel, account: payload(broadcaster_user_id=channel, user_id=account)


def _channel(payload: Callable[..., SubscriptionPayload]) -> Build:
    return lambda channel, account: payload(broadcaster_user_id=channel)


def _follows(channel: str, account: str) -> SubscriptionPayload:
    payload: SubscriptionPayload = eventsub.ChannelFollowSubscription(
        broadcaster_user_id=channel, moderator_user_id=account
    )
    return payload


def _raids(channel: str, account: str) -> SubscriptionPayload:
    payload: SubscriptionPayload = eventsub.ChannelRaidSubscription(to_broadcaster_user_id=channel)
    return payload


_SUBSCRIPTIONS = "channel:read:subscriptions"
SOURCES = (
    EventSource("channel.chat.message", _chat(eventsub.ChatMessageSubscription), READ_CHAT, "chat"),
    EventSource("channel.chat.message_delete", _chat(eventsub.ChatMessageDeleteSubscription), READ_CHAT, "deletions"),
    EventSource(
        "channel.chat.clear_user_messages", _chat(eventsub.ChatClearUserMessagesSubscription), READ_CHAT, "bans"
    ),
    EventSource("channel.chat.clear", _chat(eventsub.ChatClearSubscription), READ_CHAT, "cleared chats"),
    EventSource("channel.chat.notification", _chat(eventsub.ChatNotificationSubscription), READ_CHAT, "notices"),
    EventSource(
        "channel.channel_points_custom_reward_redemption.add",
        _channel(eventsub.ChannelPointsRedeemAddSubscription),
        "channel:read:redemptions",
        "channel points",
        streamers_alone=True,
    ),
    EventSource(
        "channel.channel_points_automatic_reward_redemption.add",
        _channel(eventsub.ChannelPointsAutoRedeemV2Subscription),
        "channel:read:redemptions",
        "unlocked emotes",
        streamers_alone=True,
        in_chat=True,
    ),
    EventSource(
        "channel.bits.use",
        _channel(eventsub.ChannelBitsUseSubscription),
        "bits:read",
        "Power-ups",
        streamers_alone=True,
        in_chat=True,
    ),
    EventSource("channel.follow", _follows, "moderator:read:followers", "follows"),
    EventSource(
        "channel.subscribe",
        _channel(eventsub.ChannelSubscribeSubscription),
        _SUBSCRIPTIONS,
        "subscriptions",
        streamers_alone=True,
        in_chat=True,
    ),
    EventSource(
        "channel.subscription.gift",
        _channel(eventsub.ChannelSubscriptionGiftSubscription),
        _SUBSCRIPTIONS,
        "gifted subscriptions",
        streamers_alone=True,
        in_chat=True,
    ),
    EventSource(
        "channel.subscription.message",
        _channel(eventsub.ChannelSubscribeMessageSubscription),
        _SUBSCRIPTIONS,
        "resubscriptions",
        streamers_alone=True,
        in_chat=True,
    ),
    EventSource(
        "channel.cheer",
        _channel(eventsub.ChannelCheerSubscription),
        "bits:read",
        "cheers",
        streamers_alone=True,
        in_chat=True,
    ),
    EventSource("stream.online", _channel(eventsub.StreamOnlineSubscription), None, "stream starts"),
    EventSource("stream.offline", _channel(eventsub.StreamOfflineSubscription), None, "stream ends"),
    EventSource("channel.raid", _raids, None, "raids", in_chat=True),
)
"""The dearest first. What repeats another of these, in chat, counts only where the other could not be subscribed; see
incoming.twins."""

SCOPES = tuple(dict.fromkeys([READ_CHAT, WRITE_CHAT, *(source.scope for source in SOURCES if source.scope)]))
"""Everything worth asking for when logging in."""


def allowed(source: EventSource, scopes: Sequence[str]) -> bool:
    """Whether a token with these scopes may subscribe it; a manage scope includes its read scope."""
    return source.scope is None or source.scope in scopes or source.scope.replace(":read:", ":manage:") in scopes


def left_out(scopes: Sequence[str]) -> dict[str, list[str]]:
    """Each missing scope, with what is missed without it."""
    missing: dict[str, list[str]] = {}
    for source in SOURCES:
        if source.scope and not source.in_chat and not allowed(source, scopes):
            missing.setdefault(source.scope, []).append(source.gives)
    return missing


def key(type: str, condition: Mapping[str, Any]) -> Key:
    """What makes a subscription the same one; Twitch and TwitchIO differ in whether they send empty conditions."""
    return type, frozenset((name, value) for name, value in condition.items() if value)


@dataclass(frozen=True)
class Wanted:
    """One source in one channel."""

    source: EventSource
    channel: Channel
    payload: SubscriptionPayload

    @property
    def key(self) -> Key:
        return key(self.source.type, self.payload.condition)

    @property
    def place(self) -> tuple[str, str]:
        """Event type and channel id."""
        return self.source.type, self.channel.id


def wanted(account: Account, channels: Sequence[Channel]) -> list[Wanted]:
    """All that the login may subscribe, in the order to ask for it.

    What is free comes first, the dearest in all channels before the next; then what may have a cost, by channel, since
    half of it is worth little; and at last what chat repeats.
    """
    everything = [
        Wanted(source, channel, source.build(channel.id, account.id))
        for source in SOURCES
        for channel in channels
        if allowed(source, account.scopes) and (channel.id == account.id or not source.streamers_alone)
    ]
    places = {channel.id: place for place, channel in enumerate(channels)}

    def turn(each: Wanted) -> tuple[bool, bool, int]:
        priced = each.source.is_priced
        return priced, priced and each.source.in_chat, places[each.channel.id] if priced else 0

    return sorted(everything, key=turn)


def beyond_limits(asked: Sequence[Wanted], account: Account, max_cost: int) -> list[Wanted]:
    """What Twitch would refuse of these if no other streamer had authorised the application."""
    costs = accumulate(each.source.is_priced and each.channel.id != account.id for each in asked)
    return [
        each
        for number, (each, cost) in enumerate(zip(asked, costs, strict=True))
        if number >= MAX_SUBSCRIPTIONS or (each.source.is_priced and each.channel.id != account.id and cost > max_cost)
    ]


def missing(lacked: Iterable[Wanted]) -> str:
    """What is missed without these, in a streamer's words: "stream starts of #ann, #ben; follows of #ben"."""
    channels: dict[str, list[str]] = {}
    for each in lacked:
        channels.setdefault(each.source.gives, []).append(f"#{each.channel.login}")
    return "; ".join(f"{gives} of {', '.join(names)}" for gives, names in channels.items())
