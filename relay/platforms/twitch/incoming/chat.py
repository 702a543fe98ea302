"""What people write."""

import re
from typing import Final

from twitchio import ChatMessage, ChatNotification, PartialUser
from twitchio.models.eventsub_ import ChatMessageReply

from relay.model import AudienceMessage, Author, Kind, Quoted, Role
from relay.platforms.twitch.incoming.draft import ANONYMOUS, Reader, author_of, draft, roles
from relay.platforms.twitch.incoming.rewards import of_chat
from relay.platforms.twitch.incoming.written import without_marks, written

ANONYMOUS_CHEERER: Final = "ananonymouscheerer"
"""Twitch's own user, as whom those cheer in chat who do not want to be named."""
STAFF: Final = frozenset({Role.STREAMER, Role.MODERATOR})


def shared_by(event: ChatMessage | ChatNotification) -> PartialUser | None:
    """The channel that it was written in, where that is another one that shares its chat with this one."""
    source: PartialUser | None = getattr(event, "source_broadcaster", None)  # as mending adds it to a notice
    return source if source is not None and source.id != event.broadcaster.id else None


def is_shared(event: ChatMessage | ChatNotification) -> bool:
    """It was written in another channel that shares its chat with this one."""
    return shared_by(event) is not None


def mark_of(event: ChatMessage | ChatNotification) -> str | None:
    """What tells where it was written."""
    source = shared_by(event)
    return None if source is None else f"from the channel {author_of(source).name}"


def message(event: ChatMessage, account: str, now: float) -> AudienceMessage | None:
    reward = of_chat(event)
    cheer = None if is_shared(event) else event.cheer  # whose bits went to the other channel
    more = written(event.text, event.fragments, account)
    if event.reply is not None:
        more["text"] = _without_address(more["text"], event.reply)
        more["addressed"] |= event.reply.parent_user.id == account
        more["replies_to"] = _quoted(event.reply, account, event.broadcaster.id)
    return draft(
        event,
        now,
        Kind.CHAT if cheer is None else Kind.CHEER,
        event.broadcaster,
        _author(event),
        id=event.id,
        mark=mark_of(event),
        amount=cheer.bits if cheer else None,
        reply_to=event.id,
        reward=reward,
        detail=reward.title or None if reward else None,
        **more,
    )


def _author(event: ChatMessage) -> Author:
    return ANONYMOUS if event.chatter.name == ANONYMOUS_CHEERER else author_of(event.chatter, roles_of(event))


def roles_of(event: ChatMessage | ChatNotification) -> frozenset[Role]:
    """Nobody commands from another channel."""
    return roles(event.badges) - STAFF if is_shared(event) else roles(event.badges)


def _without_address(text: str, reply: ChatMessageReply) -> str:
    """Twitch begins each reply with whom it answers."""
    names = "|".join(re.escape(name) for name in (reply.parent_user.name, reply.parent_user.display_name) if name)
    return re.sub(rf"^@(?:{names})(?!\w)\s*", "", text, flags=re.IGNORECASE) if names else text


def _quoted(reply: ChatMessageReply, account: str, streamer: str) -> Quoted:
    who = reply.parent_user
    author = author_of(who, frozenset({Role.STREAMER} if who.id == streamer else ()))
    return Quoted.of(None if who.id == account else author, without_marks(reply.parent_message_body))


READERS: dict[type, Reader] = {ChatMessage: message}
