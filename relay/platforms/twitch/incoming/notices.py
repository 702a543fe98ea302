"""The lines that Twitch itself puts into chat: who subscribed, gives or raids, and what they wrote along with it."""

from collections.abc import Callable
from functools import partial

from twitchio import ChatNotification

from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming.draft import ANONYMOUS, Reader, author_of, draft, roles, said, tier


def notice(event: ChatNotification, account: str, now: float) -> AudienceMessage | None:
    author = ANONYMOUS if event.anonymous else author_of(event.chatter, roles(event.badges))
    tell = partial(draft, event, now, channel=event.broadcaster, author=author, id=event.id)
    if event.sub:
        return tell(Kind.SUBSCRIBE, detail=tier(event.sub.tier))
    if event.resub:
        months = event.resub.cumulative_months
        return tell(Kind.RESUBSCRIBE, amount=months, detail=tier(event.resub.tier), text=event.text)
    if gifts := event.community_sub_gift:
        return tell(Kind.GIFT, amount=gifts.total, detail=tier(gifts.tier))
    if event.sub_gift and event.sub_gift.community_gift_id is None:
        return tell(Kind.GIFT, amount=1, detail=tier(event.sub_gift.tier))
    if event.raid:
        return tell(Kind.RAID, author=author_of(event.raid.user), amount=event.raid.viewer_count)
    return _written_along(event, tell, account)


def _written_along(
    event: ChatNotification, tell: Callable[..., AudienceMessage], account: str
) -> AudienceMessage | None:
    """What somebody wrote with a notice, such as a watch streak or an announcement, which no other event brings.

    Twitch adds types of notices every year, so a type that is not known here counts, too.
    """
    is_own = event.chatter.id == account and event.broadcaster.id != account
    if not event.text or is_own or event.notice_type.startswith(("sub_gift", "community_sub_gift", "shared_chat_")):
        return None
    mentioned = {fragment.mention.id for fragment in event.fragments if fragment.mention}
    return tell(Kind.CHAT, text=said(event.text), addressed=account in mentioned, reply_to=event.id)


READERS: dict[type, Reader] = {ChatNotification: notice}
