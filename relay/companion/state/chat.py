"""What a chat is: people, messages, flags, variables and contexts. State only; nothing here knows of clients."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from relay.companion.scenario.flags import Flags, Moment, holds
from relay.companion.scenario.model import MAIN, Action, ConditionalContext, Event, Scalar
from relay.errors import RelayError

Clock = Callable[[], float]
"""Seconds since the epoch."""
KEPT: Final = 10_000
"""Messages kept of a chat where nothing else is said."""


class Refused(RelayError):
    """A request that cannot be met. Its text goes to the client that asked."""


class MessageRole(StrEnum):
    """What kind of message it is: who sees it, whether a reply follows, and whether a narrator reads it aloud."""

    USER = "User"
    ASSISTANT = "Assistant"
    EVENT = "Event"
    STORY = "Story"
    NOTE = "Note"
    SECRET = "Secret"
    INSTRUCTIONS = "Instructions"

    @property
    def asks_for_reply(self) -> bool:
        return self in (MessageRole.USER, MessageRole.ASSISTANT, MessageRole.EVENT, MessageRole.STORY)

    @property
    def seen_by_character(self) -> bool:
        return self is not MessageRole.INSTRUCTIONS

    @property
    def seen_by_user(self) -> bool:
        return self is not MessageRole.SECRET

    @property
    def is_narrated(self) -> bool:
        return self in (MessageRole.EVENT, MessageRole.STORY)

    @property
    def on_wire(self) -> str:
        """What Voxta calls it: a story is an event there."""
        return MessageRole.EVENT.value if self is MessageRole.STORY else self.value

    @property
    def is_conversation(self) -> bool:
        return self in (MessageRole.USER, MessageRole.ASSISTANT)


@dataclass(frozen=True)
class Participant:
    """The user, or a character."""

    id: str
    name: str
    role: str = ""
    """A character's scenario role."""
    persona: str = ""
    is_narrator: bool = False
    assets: tuple[str, ...] = ()
    creator_notes: str | None = None


@dataclass(frozen=True)
class Message:
    id: str
    sender: Participant
    role: MessageRole
    text: str
    at: float
    """When it was added, in seconds since the epoch."""
    index: int
    """Rises by one with each message and is never used again, whatever is deleted."""
    conversation_index: int
    """How many user and character messages came before."""
    chat_time: float
    """Seconds the chat had been open."""


@dataclass
class Additions:
    """What apps and scripts added to the scenario under one context key."""

    contexts: tuple[ConditionalContext, ...] = ()
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()


@dataclass
class ScenarioState:
    """What of a chat is neither a message nor a person: the state that scenarios work on."""

    flags: Flags = field(default_factory=Flags)
    variables: dict[str, Scalar] = field(default_factory=dict)
    disabled_roles: set[str] = field(default_factory=set)
    happened: set[str] = field(default_factory=set)
    """Events and actions that happen only once, and did."""
    additions: dict[str, Additions] = field(default_factory=dict)
    """By context key."""


class Chat:
    """One conversation of a user with characters. Outlives the sessions it is opened in.

    It keeps the newest `kept` messages.
    """

    def __init__(
        self,
        user: Participant,
        characters: Sequence[Participant],
        clock: Clock,
        chat_id: str | None = None,
        *,
        kept: int = KEPT,
    ) -> None:
        self.id = chat_id or str(uuid.uuid4())
        self.user = user
        self.characters = list(characters)
        self.messages: list[Message] = []
        self.story = ScenarioState()
        self._clock = clock
        self._kept = kept
        self.next_index = 0
        self._next_conversation_index = 0
        self._opened_at = clock()
        self._time_before = 0.0
        self.changes: dict[int, Message | None] = {}
        """The messages that were added or changed and are yet to be stored, by index; None stands for a removed one."""

    def restore(
        self,
        messages: Sequence[Message],
        story: ScenarioState,
        *,
        next_index: int,
        next_conversation_index: int,
        time: float,
    ) -> None:
        """Make it what it was when it was kept. `time` is the chat time in seconds."""
        self.messages = list(messages)
        self.story = story
        self.next_index = next_index
        self._next_conversation_index = next_conversation_index
        self._time_before = time

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    @property
    def time(self) -> float:
        """Seconds the chat has been open; the time it was closed does not count."""
        return self._time_before + max(0.0, self._clock() - self._opened_at)

    @property
    def moment(self) -> Moment:
        return Moment(self._next_conversation_index, self.time)

    def reopen(self) -> None:
        self._opened_at = self._clock()

    def close(self) -> None:
        self._time_before = self.time
        self._opened_at = self._clock()

    # People

    @property
    def talkers(self) -> list[Participant]:
        """The characters who take part in the talk now."""
        return [c for c in self.characters if not c.is_narrator and c.role not in self.story.disabled_roles]

    @property
    def character(self) -> Participant:
        """The main character: the first of those who take part, or of all when nobody does."""
        return next(iter(self.talkers), self.characters[0])

    @property
    def narrator(self) -> Participant | None:
        """Who reads events and stories aloud."""
        enabled = [c for c in self.characters if c.is_narrator and c.role not in self.story.disabled_roles]
        return next(iter(enabled), None)

    def with_role(self, role: str) -> Participant | None:
        """The character with a scenario role; `main` is the first one's, whatever its own is."""
        found = next((c for c in self.characters if c.role == role), None)
        return self.character if found is None and role == MAIN else found

    def with_id(self, character_id: str) -> Participant | None:
        return next((c for c in self.characters if c.id == character_id), None)

    def named(self, name: str) -> Participant | None:
        """The character with a name, in any case."""
        return next((c for c in self.characters if c.name.lower() == name.lower()), None)

    def names(self, speaker: Participant | None = None) -> dict[str, str]:
        """What the tags of texts stand for; `char` is the speaker, or else the main character."""
        roles = {f"scenario_chars.{c.role}": c.name for c in self.characters}
        main = self.character.name
        return (
            {f"scenario_chars.{MAIN}": main}
            | roles
            | {"char": (speaker or self.character).name, "user": self.user.name}
        )

    # Messages

    def draft(
        self, role: MessageRole, text: str, sender: Participant | None = None, message_id: str | None = None
    ) -> Message:
        """The next message, without adding it."""
        return Message(
            id=message_id or str(uuid.uuid4()),
            sender=sender or (self.character if role is MessageRole.ASSISTANT else self.user),
            role=role,
            text=text,
            at=self._clock(),
            index=self.next_index,
            conversation_index=self._next_conversation_index,
            chat_time=round(self.time, 3),
        )

    def add(
        self, role: MessageRole, text: str, sender: Participant | None = None, message_id: str | None = None
    ) -> Message:
        """Append a message and return it."""
        message = self.draft(role, text, sender, message_id)
        self.next_index += 1
        self._next_conversation_index += role.is_conversation
        self.messages.append(message)
        self.changes[message.index] = message
        self._forget_oldest()
        return message

    def _forget_oldest(self) -> None:
        oldest = self.messages[: -self._kept]
        del self.messages[: len(oldest)]
        self.changes.update(dict.fromkeys((message.index for message in oldest), None))

    def edit(self, message_id: str, text: str) -> Message:
        """Replace a message's text. Raises Refused when there is no such message."""
        place = self._place(message_id)
        self.messages[place] = changed = replace(self.messages[place], text=text)
        self.changes[changed.index] = changed
        return changed

    def remove(self, message_id: str) -> Message:
        """Delete a message. Raises Refused when there is no such message."""
        removed = self.messages.pop(self._place(message_id))
        self.changes[removed.index] = None
        return removed

    def latest(self, *roles: MessageRole) -> Message | None:
        """The newest message of one of these roles, or of any."""
        return next((m for m in reversed(self.messages) if not roles or m.role in roles), None)

    def _place(self, message_id: str) -> int:
        for place, message in enumerate(self.messages):
            if message.id == message_id:
                return place
        raise Refused(f"there is no message {message_id[:80]!r} in this chat")

    # The story

    def set_flags(self, changes: Sequence[str], *, messages: int | None = None, seconds: float | None = None) -> None:
        """Set `a` and `a.b`, unset `!a` and `!a.b`; what is set ends after so many messages or seconds, if any.

        Raises Refused at a name that is none; then nothing changes.
        """
        try:
            self.story.flags.change(changes, self.moment, messages=messages, seconds=seconds)
        except ValueError as error:
            raise Refused(str(error)) from None

    def added(self, key: str) -> Additions:
        """What was added under a context key; made when there is nothing yet."""
        return self.story.additions.setdefault(key, Additions())

    def knows(self, character: Participant, contexts: Sequence[ConditionalContext]) -> list[str]:
        """The texts among these, and those of apps and scripts, that count for a character now."""
        every = [*contexts, *(c for group in self.story.additions.values() for c in group.contexts)]
        return [c.text for c in every if self._counts(c, character)]

    def _counts(self, context: ConditionalContext, character: Participant) -> bool:
        is_meant = not context.roles or character.role in context.roles
        return is_meant and not context.disabled and holds(context.flags, self.story.flags.names)
