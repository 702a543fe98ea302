"""What a chat is: messages, flags and contexts. State only; nothing here knows of clients or replies."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from relay.companion.flags import apply, holds
from relay.errors import RelayError

Clock = Callable[[], float]
"""Seconds since the epoch."""


class Refused(RelayError):
    """A request that cannot be met. Its text goes to the client that asked."""


class Role(StrEnum):
    """What kind of message it is: who sees it and whether it is part of the conversation."""

    USER = "User"
    ASSISTANT = "Assistant"
    EVENT = "Event"
    NOTE = "Note"
    SECRET = "Secret"
    INSTRUCTIONS = "Instructions"

    @property
    def asks_for_reply(self) -> bool:
        return self in (Role.USER, Role.ASSISTANT, Role.EVENT)

    @property
    def seen_by_character(self) -> bool:
        return self is not Role.INSTRUCTIONS

    @property
    def seen_by_user(self) -> bool:
        return self is not Role.SECRET

    @property
    def is_conversation(self) -> bool:
        return self in (Role.USER, Role.ASSISTANT)


@dataclass(frozen=True)
class Participant:
    id: str
    name: str


@dataclass(frozen=True)
class Message:
    id: str
    sender: Participant
    role: Role
    text: str
    at: float
    """When it was added, in seconds since the epoch."""
    index: int
    """Rises by one with each message and is never used again, whatever is deleted."""
    conversation_index: int
    """How many user and character messages came before."""
    chat_time: float
    """Seconds the chat had been open."""


@dataclass(frozen=True)
class Context:
    """Something the character should know while its condition on the flags holds."""

    text: str
    name: str | None = None
    disabled: bool = False
    flags_filter: str = ""


class Chat:
    """One conversation of a user with a character. Outlives the sessions it is opened in."""

    def __init__(self, user: Participant, character: Participant, clock: Clock) -> None:
        self.id = str(uuid.uuid4())
        self.user = user
        self.character = character
        self.messages: list[Message] = []
        self.flags: frozenset[str] = frozenset()
        self.contexts: dict[str, tuple[Context, ...]] = {}
        """By context key."""
        self.actions: dict[str, tuple[dict[str, Any], ...]] = {}
        """By context key, as the client described them."""
        self._clock = clock
        self._next_index = 0
        self._next_conversation_index = 0
        self._opened_at = clock()
        self._time_before = 0.0

    @property
    def time(self) -> float:
        """Seconds the chat has been open; the time it was closed does not count."""
        return self._time_before + max(0.0, self._clock() - self._opened_at)

    def reopen(self) -> None:
        self._opened_at = self._clock()

    def close(self) -> None:
        self._time_before = self.time

    def add(self, role: Role, text: str, message_id: str | None = None) -> Message:
        """Append a message and return it."""
        message = Message(
            id=message_id or str(uuid.uuid4()),
            sender=self.character if role is Role.ASSISTANT else self.user,
            role=role,
            text=text,
            at=self._clock(),
            index=self._next_index,
            conversation_index=self._next_conversation_index,
            chat_time=round(self.time, 3),
        )
        self._next_index += 1
        self._next_conversation_index += role.is_conversation
        self.messages.append(message)
        return message

    def edit(self, message_id: str, text: str) -> Message:
        """Replace a message's text. Raises Refused when there is no such message."""
        place = self._place(message_id)
        self.messages[place] = replace(self.messages[place], text=text)
        return self.messages[place]

    def remove(self, message_id: str) -> Message:
        """Delete a message. Raises Refused when there is no such message."""
        return self.messages.pop(self._place(message_id))

    def latest(self, *roles: Role) -> Message | None:
        """The newest message of one of these roles."""
        return next((m for m in reversed(self.messages) if m.role in roles), None)

    def set_flags(self, changes: Sequence[str]) -> None:
        """Set `a` and `a.b`, unset `!a` and `!a.b`. Raises Refused at a name that is none; then nothing changes."""
        try:
            self.flags = apply(self.flags, changes)
        except ValueError as error:
            raise Refused(str(error)) from None

    def active_contexts(self) -> list[str]:
        """The texts that count now."""
        every = (context for group in self.contexts.values() for context in group)
        return [c.text for c in every if not c.disabled and holds(c.flags_filter, self.flags)]

    def _place(self, message_id: str) -> int:
        for place, message in enumerate(self.messages):
            if message.id == message_id:
                return place
        raise Refused(f"there is no message {message_id[:80]!r} in this chat")
