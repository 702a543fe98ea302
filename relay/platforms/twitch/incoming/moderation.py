"""What Twitch keeps from its chat: by AutoMod until a moderator decides, and by people who are restricted."""

from collections.abc import Sequence
from typing import Any

from twitchio import AutomodMessageHold, AutomodMessageUpdate, SuspiciousUserMessage
from twitchio.models.eventsub_ import ChatMessageFragment

from relay.model import AudienceMessage, Kind, PlatformDecision, Role, Withheld
from relay.platforms.twitch.incoming.draft import Reader, author_of, draft
from relay.platforms.twitch.incoming.written import written
from relay.platforms.twitch.settings import PLATFORM

RESTRICTED = "restricted"
"""The status of somebody whose chat only moderators see."""
_VIEWER = frozenset({Role.VIEWER})
_APPROVED = {"approved": True, "denied": False}


def held(event: AutomodMessageHold, account: str, now: float) -> AudienceMessage:
    why = "a blocked term" if event.reason == "blocked_term" else f"{event.category or 'review'}, level {event.level}"
    return draft(
        event,
        now,
        channel=event.broadcaster,
        author=author_of(event.user, _VIEWER),
        id=event.message_id,
        withheld=Withheld(reason=f"AutoMod: {why}", is_decided_here=True),
        **_written(event.text, event.fragments, account),
    )


def updated(event: AutomodMessageUpdate, account: str, now: float) -> PlatformDecision:
    status = event.status.lower()
    by = f" by {event.moderator.display_name}" if event.moderator.display_name else ""
    return PlatformDecision(
        platform=PLATFORM,
        id=event.message_id,
        is_approved=_APPROVED.get(status),
        reason=f"{status} on twitch{by}",
    )


def of_restricted(event: SuspiciousUserMessage, account: str, now: float) -> AudienceMessage | None:
    """Chat shows everybody what those write who are only monitored."""
    if event.low_trust_status != RESTRICTED:
        return None
    return draft(
        event,
        now,
        channel=event.broadcaster,
        author=author_of(event.user, _VIEWER),
        id=event.message.id,
        withheld=Withheld(reason="its author is restricted on twitch"),
        mark="restricted by the moderators",
        **_written(event.message.text, event.message.fragments, account),
    )


def _written(text: str, fragments: Sequence[ChatMessageFragment], account: str) -> dict[str, Any]:
    """Chat, or a cheer where there are bits among it."""
    bits = sum(fragment.cheermote.bits for fragment in fragments if fragment.cheermote)
    kind = {"kind": Kind.CHEER, "amount": bits} if bits else {"kind": Kind.CHAT}
    return kind | written(text, fragments, account)


READERS: dict[type, Reader] = {
    AutomodMessageHold: held,
    AutomodMessageUpdate: updated,
    SuspiciousUserMessage: of_restricted,
}
