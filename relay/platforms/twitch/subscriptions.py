"""Which events we want from Twitch, and keeping them subscribed whatever happens to the connection."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twitchio import eventsub
from twitchio.eventsub.subscriptions import SubscriptionPayload

from relay.errors import PlatformError, PlatformUnavailable
from relay.platforms.twitch.connection import Channel, Connection
from relay.platforms.twitch.socket import EventSocket

log = logging.getLogger(__name__)
Build = Callable[[str, str], SubscriptionPayload]
Key = tuple[str, frozenset[tuple[str, Any]]]

TOO_MANY = 3
"""Failures in one pass after which Twitch counts as down."""
READ_CHAT = "user:read:chat"
WRITE_CHAT = "user:write:chat"


@dataclass(frozen=True)
class Source:
    """One kind of event to subscribe in every channel."""

    type: str
    build: Build
    """Makes TwitchIO's subscription for a channel and the companion's own account."""
    scope: str | None
    gives: str
    """What is missing without it, in a streamer's words."""
    in_chat: bool = False
    """Chat repeats it, so little is missed without it."""


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
    Source("channel.chat.message", _chat(eventsub.ChatMessageSubscription), READ_CHAT, "chat"),
    Source("channel.chat.message_delete", _chat(eventsub.ChatMessageDeleteSubscription), READ_CHAT, "deletions"),
    Source("channel.chat.clear", _chat(eventsub.ChatClearSubscription), READ_CHAT, "cleared chats"),
    Source("channel.chat.clear_user_messages", _chat(eventsub.ChatClearUserMessagesSubscription), READ_CHAT, "bans"),
    Source("channel.chat.notification", _chat(eventsub.ChatNotificationSubscription), READ_CHAT, "notices"),
    Source("channel.raid", _raids, None, "raids"),
    Source("stream.online", _channel(eventsub.StreamOnlineSubscription), None, "stream starts"),
    Source("stream.offline", _channel(eventsub.StreamOfflineSubscription), None, "stream ends"),
    Source("channel.follow", _follows, "moderator:read:followers", "follows"),
    Source(
        "channel.subscribe",
        _channel(eventsub.ChannelSubscribeSubscription),
        _SUBSCRIPTIONS,
        "subscriptions",
        in_chat=True,
    ),
    Source(
        "channel.subscription.gift",
        _channel(eventsub.ChannelSubscriptionGiftSubscription),
        _SUBSCRIPTIONS,
        "gifted subscriptions",
        in_chat=True,
    ),
    Source(
        "channel.subscription.message",
        _channel(eventsub.ChannelSubscribeMessageSubscription),
        _SUBSCRIPTIONS,
        "resubscriptions",
        in_chat=True,
    ),
    Source("channel.cheer", _channel(eventsub.ChannelCheerSubscription), "bits:read", "cheers", in_chat=True),
    Source(
        "channel.channel_points_custom_reward_redemption.add",
        _channel(eventsub.ChannelPointsRedeemAddSubscription),
        "channel:read:redemptions",
        "channel points",
    ),
)
"""What repeats another of these, in chat, counts only where the other could not be subscribed; see incoming.twin."""

SCOPES = tuple(dict.fromkeys([READ_CHAT, WRITE_CHAT, *(source.scope for source in SOURCES if source.scope)]))
"""Everything worth asking for when logging in."""


def allowed(source: Source, scopes: Sequence[str]) -> bool:
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

    source: Source
    channel: Channel
    payload: SubscriptionPayload

    @property
    def key(self) -> Key:
        return key(self.source.type, self.payload.condition)

    @property
    def place(self) -> tuple[str, str]:
        """Event type and channel id."""
        return self.source.type, self.channel.id

    def __str__(self) -> str:
        return f"{self.source.gives} of #{self.channel.login}"


class Reconciler:
    """Compares what Twitch says is subscribed with what we want, and subscribes the rest, one at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._refused: dict[Key, str] = {}
        self.live: frozenset[tuple[str, str]] = frozenset()
        """The places of what is subscribed."""

    @property
    def trouble(self) -> str:
        """What Twitch refuses, for people; empty when all is well."""
        return "; ".join(self._refused.values())

    async def reconcile(self, socket: EventSocket) -> None:
        """Bring Twitch to what we want on this session.

        Raises PlatformUnavailable, RateLimited or AuthError; what was subscribed before that stays.
        """
        present, wanted = await self._present(socket), self._wanted()
        self.live = frozenset(each.place for each in wanted if each.key in present)
        failures: list[PlatformUnavailable] = []
        for each in wanted:
            if socket.ended.is_set() or len(failures) == TOO_MANY:
                break
            if each.key in present:
                self._refused.pop(each.key, None)
                continue
            try:
                await self._subscribe(each, socket)
            except PlatformUnavailable as failure:
                failures.append(failure)  # Twitch may fail at one type alone; the others need not wait for it
        if failures:
            raise failures[0]

    def _wanted(self) -> list[Wanted]:
        account = self._connection.account
        return [
            Wanted(source, channel, source.build(channel.id, account.id))
            for channel in self._connection.channels
            for source in SOURCES
            if allowed(source, account.scopes)
        ]

    async def _present(self, socket: EventSocket) -> set[Key]:
        async def ask() -> set[Key]:
            listed = await self._connection.client.fetch_eventsub_subscriptions(
                token_for=self._connection.account.id, status="enabled"
            )
            return {
                key(item.type, item.condition)
                async for item in listed.subscriptions
                if item.transport.session_id in socket.sessions
            }

        return await self._connection.call(ask, "reading the subscriptions")

    async def _subscribe(self, wanted: Wanted, socket: EventSocket) -> None:
        try:
            await self._connection.call(
                lambda: self._connection.client.subscribe_websocket(
                    wanted.payload,
                    as_bot=False,
                    token_for=self._connection.account.id,
                    socket_id=socket.session_id,
                ),
                f"subscribing {wanted}",
            )
        except PlatformError as error:
            if error.retryable:
                raise
            self._note_refusal(wanted, str(error), socket)
        else:
            self.live |= {wanted.place}
            self._refused.pop(wanted.key, None)

    def _note_refusal(self, wanted: Wanted, why: str, socket: EventSocket) -> None:
        if "session" in why:
            socket.ended.set()  # Twitch knows the session no more; only a new one helps
        elif not wanted.source.in_chat and self._refused.get(wanted.key) != why:
            self._refused[wanted.key] = why
            log.warning("%s", why)
