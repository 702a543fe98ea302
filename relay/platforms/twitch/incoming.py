"""What Twitch's events mean: TwitchIO's payloads become audience messages and retractions. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial, singledispatch
from typing import Any

from twitchio import (
    ChannelCheer,
    ChannelFollow,
    ChannelPointsRedemptionAdd,
    ChannelRaid,
    ChannelSubscribe,
    ChannelSubscriptionGift,
    ChannelSubscriptionMessage,
    ChatMessage,
    ChatNotification,
    PartialUser,
    StreamOffline,
    StreamOnline,
)
from twitchio.models.eventsub_ import (
    BaseEvent,
    ChannelChatClear,
    ChannelChatClearUserMessages,
    ChatMessageBadge,
    ChatMessageDelete,
)

from relay.model import AudienceMessage, Author, Incoming, Kind, Retraction, Role
from relay.platforms.twitch.settings import PLATFORM

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
_ACTION = "\x01ACTION "
_ANONYMOUS = Author(id="anonymous", name="Anonymous")
_BADGES = {
    "broadcaster": Role.STREAMER,
    "moderator": Role.MODERATOR,
    "lead_moderator": Role.MODERATOR,
    "vip": Role.VIP,
    "subscriber": Role.SUBSCRIBER,
    "founder": Role.SUBSCRIBER,
    "bot-badge": Role.BOT,
}


@singledispatch
def read(event: BaseEvent, account: str, now: float) -> Incoming | None:
    """What the event means to the relay; None when it means nothing.

    `account` is the id of the companion's own account, `now` is when it came, by this machine's clock.
    """
    return None


def roles(badges: Iterable[ChatMessageBadge]) -> frozenset[Role]:
    """What an author is in a channel, from the badges beside the name."""
    return frozenset(_BADGES[badge.set_id] for badge in badges if badge.set_id in _BADGES) or frozenset({Role.VIEWER})


def twin(event: BaseEvent) -> tuple[str, str] | None:
    """The event type, and the channel, that reports the same thing in full to who may subscribe it.

    Twitch shows cheers, redemptions and subscriptions in chat too, where everybody may read them.
    """
    if isinstance(event, ChatNotification) and event.notice_type in _NOTICES:
        return _NOTICES[event.notice_type], event.broadcaster.id
    if isinstance(event, ChatMessage) and (event.cheer is not None or event.channel_points_id):
        return CHEER if event.cheer is not None else REDEMPTION, event.broadcaster.id
    return None


def is_shared(message: ChatMessage) -> bool:
    """It was written in another channel that shares its chat with this one."""
    return message.source_broadcaster is not None and message.source_broadcaster.id != message.broadcaster.id


def _author(user: PartialUser | None, roles: frozenset[Role] = frozenset()) -> Author:
    return _ANONYMOUS if user is None else Author(id=user.id, name=user.display_name or user.id, roles=roles)


def _tier(tier: str) -> str:
    return f"tier {tier.removesuffix('000')}"


@dataclass(frozen=True)
class _EventDraft:
    """What all messages made from one event share."""

    event: BaseEvent
    now: float

    def message(self, kind: Kind, channel: PartialUser, author: Author, **more: Any) -> AudienceMessage:
        metadata = self.event.metadata
        common = {
            "platform": PLATFORM,
            "id": metadata.message_id if metadata else "",
            "channel": channel.id,
            "kind": kind,
            "author": author,
            "at": self.now,
        }
        return AudienceMessage.model_validate(common | more)


def _said(text: str) -> str:
    """What was written, without the marks Twitch puts around what stands behind /me."""
    return text.removeprefix(_ACTION).removesuffix("\x01") if text.startswith(_ACTION) else text


@read.register
def _(event: ChatMessage, account: str, now: float) -> AudienceMessage | None:
    if is_shared(event):
        return None
    answers = event.reply is not None and event.reply.parent_user.id == account
    return _EventDraft(event, now).message(
        Kind.CHAT if event.cheer is None else Kind.CHEER,
        event.broadcaster,
        _author(event.chatter, roles(event.badges)),
        id=event.id,
        text=_said(event.text),
        amount=event.cheer.bits if event.cheer else None,
        addressed=answers or any(user.id == account for user in event.mentions),
        reply_to=event.id,
    )


@read.register
def _(event: ChatNotification, account: str, now: float) -> AudienceMessage | None:
    author = _ANONYMOUS if event.anonymous else _author(event.chatter, roles(event.badges))
    draft = partial(_EventDraft(event, now).message, channel=event.broadcaster, author=author, id=event.id)
    if event.sub:
        return draft(Kind.SUBSCRIBE, detail=_tier(event.sub.tier))
    if event.resub:
        months, tier = event.resub.cumulative_months, _tier(event.resub.tier)
        return draft(Kind.RESUBSCRIBE, amount=months, detail=tier, text=event.text)
    if gifts := event.community_sub_gift:
        return draft(Kind.GIFT, amount=gifts.total, detail=_tier(gifts.tier))
    if event.sub_gift and event.sub_gift.community_gift_id is None:
        return draft(Kind.GIFT, amount=1, detail=_tier(event.sub_gift.tier))
    if event.raid:
        return draft(Kind.RAID, author=_author(event.raid.user), amount=event.raid.viewer_count)
    return _written_along(event, draft, account)


def _written_along(
    event: ChatNotification, draft: Callable[..., AudienceMessage], account: str
) -> AudienceMessage | None:
    """What somebody wrote with a notice, such as a watch streak or an announcement, which no other event brings.

    Twitch adds types of notices every year, so a type that is not known here counts, too.
    """
    is_own = event.chatter.id == account and event.broadcaster.id != account
    if not event.text or is_own or event.notice_type.startswith(("sub_gift", "community_sub_gift", "shared_chat_")):
        return None
    mentioned = {fragment.mention.id for fragment in event.fragments if fragment.mention}
    return draft(Kind.CHAT, text=_said(event.text), addressed=account in mentioned, reply_to=event.id)


@read.register
def _(event: ChannelFollow, account: str, now: float) -> AudienceMessage:
    return _EventDraft(event, now).message(Kind.FOLLOW, event.broadcaster, _author(event.user))


@read.register
def _(event: ChannelSubscribe, account: str, now: float) -> AudienceMessage | None:
    if event.gift:
        return None  # its giver's event reports all of them as one
    return _EventDraft(event, now).message(
        Kind.SUBSCRIBE, event.broadcaster, _author(event.user), detail=_tier(event.tier)
    )


@read.register
def _(event: ChannelSubscriptionMessage, account: str, now: float) -> AudienceMessage:
    return _EventDraft(event, now).message(
        Kind.RESUBSCRIBE,
        event.broadcaster,
        _author(event.user),
        text=event.text,
        amount=event.cumulative_months,
        detail=_tier(event.tier),
    )


@read.register
def _(event: ChannelSubscriptionGift, account: str, now: float) -> AudienceMessage:
    return _EventDraft(event, now).message(
        Kind.GIFT, event.broadcaster, _author(event.user), amount=event.total, detail=_tier(event.tier)
    )


@read.register
def _(event: ChannelCheer, account: str, now: float) -> AudienceMessage:
    return _EventDraft(event, now).message(
        Kind.CHEER, event.broadcaster, _author(event.user), text=event.message, amount=event.bits
    )


@read.register
def _(event: ChannelRaid, account: str, now: float) -> AudienceMessage:
    return _EventDraft(event, now).message(
        Kind.RAID, event.to_broadcaster, _author(event.from_broadcaster), amount=event.viewer_count
    )


@read.register
def _(event: ChannelPointsRedemptionAdd, account: str, now: float) -> AudienceMessage:
    return _EventDraft(event, now).message(
        Kind.REDEMPTION,
        event.broadcaster,
        _author(event.user),
        id=event.id,
        text=event.user_input,
        detail=event.reward.title,
    )


@read.register
def _(event: StreamOnline, account: str, now: float) -> AudienceMessage | None:
    if event.type != "live":
        return None
    streamer = _author(event.broadcaster, frozenset({Role.STREAMER}))
    return _EventDraft(event, now).message(Kind.ONLINE, event.broadcaster, streamer)


@read.register
def _(event: StreamOffline, account: str, now: float) -> AudienceMessage:
    streamer = _author(event.broadcaster, frozenset({Role.STREAMER}))
    return _EventDraft(event, now).message(Kind.OFFLINE, event.broadcaster, streamer)


@read.register
def _(event: ChatMessageDelete, account: str, now: float) -> Retraction:
    return Retraction(platform=PLATFORM, reason="deleted on twitch", id=event.message_id)


@read.register
def _(event: ChannelChatClearUserMessages, account: str, now: float) -> Retraction:
    return Retraction(
        platform=PLATFORM,
        reason="author banned or timed out on twitch",
        author_id=event.user.id,
        channel=event.broadcaster.id,
    )


@read.register
def _(event: ChannelChatClear, account: str, now: float) -> Retraction:
    return Retraction(platform=PLATFORM, reason="chat cleared on twitch", channel=event.broadcaster.id)
