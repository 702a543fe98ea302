"""How the state of a chat looks on the wire."""

from datetime import UTC, datetime
from typing import Any, Final

from relay.companion.chat import Chat, Message, Participant
from relay.wire import server
from relay.wire.messages import ChatContext, ChatMessage, ChatSession, Person

HISTORY: Final = 200
"""How many of the newest messages `chatStarted` carries."""


def person(participant: Participant) -> Person:
    return Person(id=participant.id, name=participant.name)


def started(session_id: str, chat: Chat, *, hidden: bool) -> server.ChatStarted:
    """The chat as a client meets it. `hidden` shows what is kept from the user, too."""
    characters = [person(chat.character)]
    newest = chat.messages[-HISTORY:]
    return server.ChatStarted(
        session_id=session_id,
        chat_id=chat.id,
        user=person(chat.user),
        characters=characters,
        messages=[ChatMessage(**_fields(m)) for m in newest if hidden or m.role.seen_by_user],
        context=ChatContext(characters=characters, flags=sorted(chat.flags)),
    )


def session(session_id: str, chat: Chat) -> ChatSession:
    return ChatSession(
        session_id=session_id, chat_id=chat.id, user=person(chat.user), characters=[person(chat.character)]
    )


def listed(chat: Chat) -> dict[str, Any]:
    """A chat in the list of chats."""
    last = chat.messages[-1].at if chat.messages else None
    return {
        "id": chat.id,
        "characters": [person(chat.character).model_dump(by_alias=True, exclude_none=True)],
        "messages": len(chat.messages),
        "lastMessageAt": None if last is None else _timestamp(last),
    }


def message(session_id: str, added: Message) -> server.MessageEvent:
    return server.MessageEvent(session_id=session_id, **_fields(added))


def update(session_id: str, changed: Message) -> server.MessageUpdate:
    return server.MessageUpdate(session_id=session_id, **_fields(changed))


def context(session_id: str, chat: Chat) -> server.ContextUpdated:
    contexts: list[dict[str, Any]] = [
        {"contextKey": key, "text": c.text, "disabled": c.disabled, "flagsFilter": c.flags_filter}
        | ({"name": c.name} if c.name else {})
        for key, group in chat.contexts.items()
        for c in group
    ]
    actions = [{**action, "contextKey": key} for key, group in chat.actions.items() for action in group]
    return server.ContextUpdated(session_id=session_id, flags=sorted(chat.flags), contexts=contexts, actions=actions)


def _fields(shown: Message) -> dict[str, Any]:
    return {
        "message_id": shown.id,
        "sender_id": shown.sender.id,
        "text": shown.text,
        "role": shown.role.value,
        "timestamp": _timestamp(shown.at),
        "index": shown.index,
        "conversation_index": shown.conversation_index,
        "chat_time": shown.chat_time,
    }


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
