"""What happens in a channel beside its chat: follows, subscriptions, cheers, raids, and the stream itself."""

from twitchio import (
    ChannelCheer,
    ChannelFollow,
    ChannelRaid,
    ChannelSubscribe,
    ChannelSubscriptionGift,
    ChannelSubscriptionMessage,
    StreamOffline,
    StreamOnline,
)

from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming.draft import Reader, author_of, draft, of_streamer, tier
from relay.platforms.twitch.incoming.written import without_cheermotes, without_marks


def follow(event: ChannelFollow, account: str, now: float) -> AudienceMessage:
    return draft(event, now, Kind.FOLLOW, event.broadcaster, author_of(event.user))


def subscription(event: ChannelSubscribe, account: str, now: float) -> AudienceMessage | None:
    if event.gift:
        return None  # its giver's event reports all of them as one
    return draft(event, now, Kind.SUBSCRIBE, event.broadcaster, author_of(event.user), detail=tier(event.tier))


def resubscription(event: ChannelSubscriptionMessage, account: str, now: float) -> AudienceMessage:
    return draft(
        event,
        now,
        Kind.RESUBSCRIBE,
        event.broadcaster,
        author_of(event.user),
        text=event.text,
        amount=event.cumulative_months,
        detail=tier(event.tier),
    )


def gift(event: ChannelSubscriptionGift, account: str, now: float) -> AudienceMessage:
    return draft(
        event, now, Kind.GIFT, event.broadcaster, author_of(event.user), amount=event.total, detail=tier(event.tier)
    )


def cheer(event: ChannelCheer, account: str, now: float) -> AudienceMessage:
    text = without_cheermotes(without_marks(event.message), event.bits)
    return draft(event, now, Kind.CHEER, event.broadcaster, author_of(event.user), text=text, amount=event.bits)


def raid(event: ChannelRaid, account: str, now: float) -> AudienceMessage:
    raider = author_of(event.from_broadcaster)
    return draft(event, now, Kind.RAID, event.to_broadcaster, raider, amount=event.viewer_count)


def online(event: StreamOnline, account: str, now: float) -> AudienceMessage | None:
    if event.type != "live":
        return None
    return of_streamer(event, now, Kind.ONLINE)


def offline(event: StreamOffline, account: str, now: float) -> AudienceMessage:
    return of_streamer(event, now, Kind.OFFLINE)


READERS: dict[type, Reader] = {
    ChannelFollow: follow,
    ChannelSubscribe: subscription,
    ChannelSubscriptionMessage: resubscription,
    ChannelSubscriptionGift: gift,
    ChannelCheer: cheer,
    ChannelRaid: raid,
    StreamOnline: online,
    StreamOffline: offline,
}
