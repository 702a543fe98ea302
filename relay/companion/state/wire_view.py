"""How the state of a chat looks on the wire."""

from datetime import UTC, datetime
from typing import Any, Final

from relay.companion.scenario.model import Action, ConditionalContext, Scenario
from relay.companion.state.chat import Chat, Message, Participant
from relay.wire import server
from relay.wire.messages import ChatContext, ChatMessage, ChatSession, Flag, Person, RoleState

HISTORY: Final = 200
"""How many of the newest messages `chatStarted` carries."""
STYLE: Final = "Companion"
"""What kind of chat it is, in Voxta's words."""
OWN_KEY: Final = "scenario"
"""The context key under which clients are told of the scenario's own contexts and actions."""


def person(participant: Participant) -> Person:
    return Person(
        id=participant.id,
        name=participant.name,
        scenario_role=participant.role or None,
        creator_notes=participant.creator_notes,
    )


def flags(chat: Chat) -> list[Flag]:
    """The flags that are set, when they were, and when they end by themselves."""
    return [
        Flag(
            name=name,
            message_index=setting.at.messages,
            message_chat_time=round(setting.at.time, 3),
            expire_index=setting.until_messages,
            expire_chat_time=setting.until_time,
        )
        for name, setting in sorted(chat.story.flags.settings.items())
    ]


def started(session_id: str, chat: Chat, *, hidden: bool) -> server.ChatStarted:
    """The chat as a client meets it. `hidden` shows what is kept from the user, too."""
    newest = chat.messages[-HISTORY:]
    return server.ChatStarted(
        session_id=session_id,
        chat_id=chat.id,
        user=person(chat.user),
        characters=_people(chat),
        narrator=person(chat.narrator) if chat.narrator else None,
        messages=[ChatMessage(name=m.sender.name, **_fields(m)) for m in newest if hidden or m.role.seen_by_user],
        context=ChatContext(**_state(chat)),
        services={},
        augmentations=[],
        chat_style=STYLE,
    )


def session(session_id: str, chat: Chat) -> ChatSession:
    return ChatSession(
        session_id=session_id,
        chat_id=chat.id,
        user=person(chat.user),
        characters=_people(chat),
    )


def listed(chat: Chat) -> dict[str, Any]:
    """A chat in the list of chats."""
    last = chat.messages[-1].at if chat.messages else None
    return {
        "id": chat.id,
        "characters": [person(c).model_dump(by_alias=True, exclude_none=True) for c in chat.characters],
        "messages": len(chat.messages),
        "lastMessageAt": None if last is None else _timestamp(last),
    }


def update(session_id: str, changed: Message) -> server.MessageUpdate:
    return server.MessageUpdate(session_id=session_id, **_fields(changed))


def context(session_id: str, chat: Chat, scenario: Scenario) -> server.ContextUpdated:
    """Flags, contexts and actions: the scenario's own, and those of apps and scripts."""
    groups = [(OWN_KEY, scenario.contexts, scenario.actions)]
    groups += [(key, added.contexts, added.actions) for key, added in chat.story.additions.items()]
    return server.ContextUpdated(
        session_id=session_id,
        **_state(chat),
        contexts=[_context(key, context) for key, contexts, _ in groups for context in contexts],
        actions=[_action(key, action) for key, _, actions in groups for action in actions],
    )


def _context(key: str, context: ConditionalContext) -> dict[str, Any]:
    described = {"contextKey": key, "text": context.text, "disabled": context.disabled, "flagsFilter": context.flags}
    return (
        described
        | ({"name": context.name} if context.name else {})
        | ({"roleFilter": ",".join(context.roles)} if context.roles else {})
    )


def _action(key: str, action: Action) -> dict[str, Any]:
    described = action.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    condition = described.pop("flags", None)
    return described | ({"flagsFilter": condition} if condition else {}) | {"contextKey": key}


def participants(session_id: str, chat: Chat) -> server.ChatParticipantsUpdated:
    disabled = chat.story.disabled_roles
    return server.ChatParticipantsUpdated(
        session_id=session_id,
        characters=[person(c).model_copy(update={"enabled": c.role not in disabled}) for c in chat.characters],
    )


def _state(chat: Chat) -> dict[str, Any]:
    """Flags and people, as in every account of a chat's context."""
    disabled = chat.story.disabled_roles
    roles = {c.role: RoleState(character_id=c.id, enabled=c.role not in disabled) for c in chat.characters}
    return {"flags": flags(chat), "characters": _people(chat), "roles": roles}


def _people(chat: Chat) -> list[Person]:
    return [person(character) for character in chat.characters]


def _fields(shown: Message) -> dict[str, Any]:
    return {
        "message_id": shown.id,
        "sender_id": shown.sender.id,
        "text": shown.text,
        "role": shown.role.on_wire,
        "timestamp": _timestamp(shown.at),
        "index": shown.index,
        "conversation_index": shown.conversation_index,
        "chat_time": shown.chat_time,
    }


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
