"""The lines that Twitch itself puts into chat: who subscribed, gives or raids, and what they wrote along with it.

What a notice tells is one message, and what somebody wrote with it is chat, to be answered, judged and deleted as such.
Only resubscriptions and announcements are told in one with their words.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from twitchio import ChatNotification
from twitchio.models.eventsub_ import (
    ChatAnnouncement,
    ChatBitsBadgeTier,
    ChatCharityDonation,
    ChatCommunitySubGift,
    ChatGiftPaidUpgrade,
    ChatModiversary,
    ChatPayItForward,
    ChatPrimePaidUpgrade,
    ChatRaid,
    ChatResub,
    ChatSub,
    ChatSubGift,
    WatchStreak,
)

from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming.chat import is_shared, mark_of, roles_of
from relay.platforms.twitch.incoming.draft import ANONYMOUS, Reader, author_of, draft, roles, tier
from relay.platforms.twitch.incoming.written import written

Fields = dict[str, Any]
"""Of a message; see `draft`."""
SHARED: Final = "shared_chat_"
"""What types of notices begin with that are about another channel, which shares its chat with this one."""
_WITH_WORDS: Final = (Kind.RESUBSCRIBE, Kind.ANNOUNCEMENT)


def notice(event: ChatNotification, account: str, now: float) -> tuple[AudienceMessage, ...]:
    if event.notice_type.startswith(SHARED):
        return words_alone(event, account, now) if is_shared(event) else ()
    author = ANONYMOUS if event.anonymous else author_of(event.chatter, roles(event.badges))
    tell = partial(draft, event, now)
    common: Fields = {"channel": event.broadcaster, "author": author, "id": event.id}
    fact, words = _fact(event), _words(event, account)
    if fact and fact["kind"] is Kind.ANNOUNCEMENT and not words:
        return ()
    if fact and words and fact["kind"] in _WITH_WORDS:
        return (tell(**common | words | fact),)
    if fact and words:
        fact["id"] = f"{event.id}-{event.notice_type}"
    return tuple(tell(**common | each) for each in (fact, words) if each)


def words_alone(event: ChatNotification, account: str, now: float) -> tuple[AudienceMessage, ...]:
    """What is written with a notice of which another event tells everything else, or which is another channel's."""
    words = _words(event, account)
    if words is None:
        return ()
    author = author_of(event.chatter, roles_of(event))
    mark = mark_of(event)
    return (draft(event, now, channel=event.broadcaster, author=author, id=event.id, mark=mark, **words),)


def _fact(event: ChatNotification) -> Fields | None:
    """What the notice tells. Twitch adds types every year, so one that is not known here is told in Twitch's words."""
    about = getattr(event, event.notice_type, None)
    if about is not None and event.notice_type in _FACTS:
        return _FACTS[event.notice_type](about)
    return {"kind": Kind.NOTICE, "detail": event.system_message} if event.system_message.strip() else None


def _words(event: ChatNotification, account: str) -> Fields | None:
    """What the person wrote with it. What the companion's own account writes elsewhere is none of the audience's."""
    is_own = event.chatter.id == account and event.broadcaster.id != account
    if not event.text or is_own or event.notice_type.removeprefix(SHARED) in ("sub_gift", "community_sub_gift"):
        return None
    return {"kind": Kind.CHAT, "reply_to": event.id} | written(event.text, event.fragments, account)


def _subscribed(about: ChatSub) -> Fields:
    return {"kind": Kind.SUBSCRIBE, "detail": tier(about.tier)}


def _resubscribed(about: ChatResub) -> Fields:
    return {"kind": Kind.RESUBSCRIBE, "amount": about.cumulative_months, "detail": tier(about.tier)}


def _gave_one(about: ChatSubGift) -> Fields | None:
    """One to a person by name; of several, the giver's notice tells as one."""
    if about.community_gift_id is not None:
        return None
    return {"kind": Kind.GIFT, "amount": 1, "detail": tier(about.tier), "other": author_of(about.recipient)}


def _gave_several(about: ChatCommunitySubGift) -> Fields:
    return {"kind": Kind.GIFT, "amount": about.total, "detail": tier(about.tier)}


def _kept_gift(about: ChatGiftPaidUpgrade) -> Fields:
    return {"kind": Kind.UPGRADE, "moment": "gift", "other": about.gifter and author_of(about.gifter)}


def _kept_prime(about: ChatPrimePaidUpgrade) -> Fields:
    return {"kind": Kind.UPGRADE, "moment": "prime", "detail": tier(about.tier)}


def _paid_forward(about: ChatPayItForward) -> Fields:
    return {"kind": Kind.PAY_IT_FORWARD, "other": about.gifter and author_of(about.gifter)}


def _raided(about: ChatRaid) -> Fields:
    return {"kind": Kind.RAID, "author": author_of(about.user), "amount": about.viewer_count}


def _announced(about: ChatAnnouncement) -> Fields:
    return {"kind": Kind.ANNOUNCEMENT}


def _earned_badge(about: ChatBitsBadgeTier) -> Fields:
    return {"kind": Kind.BITS_BADGE_TIER, "amount": about.tier}


def _donated(about: ChatCharityDonation) -> Fields:
    places = about.amount.decimal_places
    whole = about.amount.value / 10**places
    return {
        "kind": Kind.CHARITY,
        "amount": int(whole),
        "detail": f"{whole:.{places}f} {about.amount.currency} to {about.name}",
    }


def _watched(about: WatchStreak) -> Fields:
    return {"kind": Kind.WATCH_STREAK, "amount": about.streak}


def _moderated(about: ChatModiversary) -> Fields:
    return {"kind": Kind.MODIVERSARY, "amount": about.months}


_FACTS: Mapping[str, Callable[[Any], Fields | None]] = {
    "sub": _subscribed,
    "resub": _resubscribed,
    "sub_gift": _gave_one,
    "community_sub_gift": _gave_several,
    "gift_paid_upgrade": _kept_gift,
    "prime_paid_upgrade": _kept_prime,
    "pay_it_forward": _paid_forward,
    "raid": _raided,
    "announcement": _announced,
    "bits_badge_tier": _earned_badge,
    "charity_donation": _donated,
    "watch_streak": _watched,
    "modiversary": _moderated,
}
"""What each type of notice tells, by its name and what stands under it."""

READERS: dict[type, Reader] = {ChatNotification: notice}
