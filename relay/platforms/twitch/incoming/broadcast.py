"""What happens to the broadcast: ads, shoutouts, a new title; and whom its moderators mistrust."""

from twitchio import ChannelAdBreakBegin, ChannelUpdate, ShoutoutCreate, ShoutoutReceive, SuspiciousUserUpdate

from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming.draft import Reader, author_of, draft, of_streamer

_MISTRUST = {"active_monitoring": "monitor", "restricted": "restrict"}


def ads(event: ChannelAdBreakBegin, account: str, now: float) -> AudienceMessage:
    return of_streamer(event, now, Kind.AD_BREAK, amount=event.duration)


def shoutout_received(event: ShoutoutReceive, account: str, now: float) -> AudienceMessage:
    """With how many people saw it."""
    giver = author_of(event.from_broadcaster)
    return draft(event, now, Kind.SHOUTOUT, event.broadcaster, giver, moment="received", amount=event.viewer_count)


def shoutout_given(event: ShoutoutCreate, account: str, now: float) -> AudienceMessage:
    whom = author_of(event.to_broadcaster).name
    return of_streamer(event, now, Kind.SHOUTOUT, moment="given", detail=whom, amount=event.viewer_count)


def update(event: ChannelUpdate, account: str, now: float) -> AudienceMessage:
    return of_streamer(event, now, Kind.CHANNEL_UPDATE, text=event.title, detail=event.category_name or "none")


def suspicion(event: SuspiciousUserUpdate, account: str, now: float) -> AudienceMessage:
    moment = _MISTRUST.get(event.low_trust_status, "trust")
    return draft(event, now, Kind.SUSPICIOUS, event.broadcaster, author_of(event.user), moment=moment)


READERS: dict[type, Reader] = {
    ChannelAdBreakBegin: ads,
    ShoutoutReceive: shoutout_received,
    ShoutoutCreate: shoutout_given,
    ChannelUpdate: update,
    SuspiciousUserUpdate: suspicion,
}
