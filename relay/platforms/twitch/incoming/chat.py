"""What people write."""

from twitchio import ChatMessage

from relay.model import AudienceMessage, Kind
from relay.platforms.twitch.incoming.draft import Reader, author_of, draft, roles, said
from relay.platforms.twitch.incoming.rewards import of_chat


def is_shared(message: ChatMessage) -> bool:
    """It was written in another channel that shares its chat with this one."""
    return message.source_broadcaster is not None and message.source_broadcaster.id != message.broadcaster.id


def message(event: ChatMessage, account: str, now: float) -> AudienceMessage | None:
    if is_shared(event):
        return None
    answers = event.reply is not None and event.reply.parent_user.id == account
    reward = of_chat(event)
    return draft(
        event,
        now,
        Kind.CHAT if event.cheer is None else Kind.CHEER,
        event.broadcaster,
        author_of(event.chatter, roles(event.badges)),
        id=event.id,
        text=said(event.text),
        amount=event.cheer.bits if event.cheer else None,
        addressed=answers or any(user.id == account for user in event.mentions),
        reply_to=event.id,
        reward=reward,
        detail=reward.title or None if reward else None,
    )


READERS: dict[type, Reader] = {ChatMessage: message}
