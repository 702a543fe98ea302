"""What a subscription of Twitch's needs and costs, and in which order to ask for those that are wanted."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from twitchio import eventsub
from twitchio.eventsub.subscriptions import SubscriptionPayload

from relay.model import Kind
from relay.platforms.twitch.connection import NAMED, Account, Channel
from relay.platforms.twitch.settings import TwitchSection

Build = Callable[[str, str], SubscriptionPayload]
Key = tuple[str, frozenset[tuple[str, Any]]]

MAX_SUBSCRIPTIONS = 300
"""One connection holds: https://dev.twitch.tv/docs/eventsub/handling-websocket-events/#subscription-limits"""
READ_CHAT = "user:read:chat"
WRITE_CHAT = "user:write:chat"
AS_BOT = "user:bot"
"""Of the account, for what the application reads and writes as it."""
LET_BOTS_IN = "channel:bot"
"""Of a streamer, for the same in a channel where the account is no moderator."""
NEEDED = (READ_CHAT, WRITE_CHAT)


@dataclass(frozen=True)
class EventSource:
    """One kind of event to subscribe in every channel."""

    type: str
    build: Build
    """Makes TwitchIO's subscription for a channel and the companion's own account."""
    scope: str | None
    gives: str
    """What is missing without it, in a streamer's words."""
    kinds: frozenset[Kind] = frozenset()
    """It is wanted while one of these is."""
    asked_by: Callable[[TwitchSection], bool] | None = None
    """Or while the settings ask for it. What has neither is always wanted."""
    streamers_alone: bool = False
    """Only the login of the streamer whose channel it is may subscribe it."""
    is_minor: bool = False
    """Little is missed without it: chat repeats it, or it is asked for otherwise. Of what costs, it comes last."""

    def is_wanted(self, kinds: Collection[Kind], settings: TwitchSection) -> bool:
        """Whether it is worth subscribing for somebody who wants to hear of these kinds."""
        is_asked = self.asked_by is not None and self.asked_by(settings)
        return is_asked or not self.kinds.isdisjoint(kinds) or (not self.kinds and self.asked_by is None)

    @property
    def is_priced(self) -> bool:
        """Where no scope is needed, Twitch counts a cost of 1 if the streamer has not authorised the application.

        https://dev.twitch.tv/docs/eventsub/manage-subscriptions/#subscription-limits
        """
        return self.scope is None


def chat(payload: Callable[..., SubscriptionPayload]) -> Build:
    """For what is read in a channel as one's own account."""
    return lambda channel, account: payload(broadcaster_user_id=channel, user_id=account)


def of_channel(payload: Callable[..., SubscriptionPayload]) -> Build:
    return lambda channel, account: payload(broadcaster_user_id=channel)


def moderated(payload: Callable[..., SubscriptionPayload]) -> Build:
    """For what a moderator of the channel sees."""
    return lambda channel, account: payload(broadcaster_user_id=channel, moderator_user_id=account)


def raided(channel: str, account: str) -> SubscriptionPayload:
    payload: SubscriptionPayload = eventsub.ChannelRaidSubscription(to_broadcaster_user_id=channel)
    return payload


def asked_for(sources: Iterable[EventSource]) -> tuple[str, ...]:
    """All scopes worth asking for when logging in."""
    return tuple(dict.fromkeys([*NEEDED, *(source.scope for source in sources if source.scope)]))


def allowed(source: EventSource, scopes: Collection[str]) -> bool:
    """Whether a token with these scopes may subscribe it; a manage scope includes its read scope."""
    return source.scope is None or source.scope in scopes or source.scope.replace(":read:", ":manage:") in scopes


def left_out(sources: Iterable[EventSource], account: Account, channels: Sequence[Channel]) -> dict[str, list[str]]:
    """Each scope that the login lacks and could use in these channels, with what is missed without it."""
    is_streamers = any(channel.id == account.id for channel in channels)
    missing: dict[str, list[str]] = {}
    for source in sources:
        if source.scope is None or source.is_minor or allowed(source, account.scopes):
            continue
        if is_streamers or not source.streamers_alone:
            missing.setdefault(source.scope, []).append(source.gives)
    return {scope: list(dict.fromkeys(gives)) for scope, gives in missing.items()}


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


def wanted(
    sources: Sequence[EventSource],
    account: Account,
    channels: Sequence[Channel],
    consents: Mapping[str, Collection[str]] | None = None,
) -> list[Wanted]:
    """All that the login may subscribe, in the order to ask for it.

    `consents` are for an application that subscribes itself: the scopes that streamers have granted it, by channel id.
    What is free comes first, the dearest in all channels before the next; then what may have a cost, by channel, since
    half of it is worth little; and at last what is minor.
    """

    def scopes(source: EventSource, channel: Channel) -> Collection[str]:
        if not source.streamers_alone:
            return account.scopes
        if consents is not None:
            return consents.get(channel.id, ())
        return account.scopes if channel.id == account.id else ()

    everything = [
        Wanted(source, channel, source.build(channel.id, account.id))
        for source in sources
        for channel in channels
        if allowed(source, scopes(source, channel))
    ]
    places = {channel.id: place for place, channel in enumerate(channels)}

    def turn(each: Wanted) -> tuple[bool, bool, int]:
        priced = each.source.is_priced
        return priced, priced and each.source.is_minor, places[each.channel.id] if priced else 0

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
    return "; ".join(f"{gives} of {few(list(dict.fromkeys(names)))}" for gives, names in channels.items())


def few(names: Sequence[str]) -> str:
    """The names, as far as somebody would read them."""
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest
