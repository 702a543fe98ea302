"""What the relay knows of the chat it has joined."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from relay.text.sanitise import reserved_names
from relay.wire import server
from relay.wire.messages import ChatMessage, Person, RoleState, WireMessage

HISTORY = 500
"""Messages remembered of a chat."""


@dataclass(eq=False)
class JoinedChat:
    session_id: str
    chat_id: str
    user_name: str
    participants: Sequence[Person]
    """The characters, those included who take no part for now."""
    history: deque[ChatMessage] | None
    """The newest messages, oldest first; None when the server does not tell them on joining."""
    newest_index: int | None = -1
    """The index of the newest message seen, -1 in an empty chat; None while nothing tells it."""
    roles: Mapping[str, RoleState] = field(default_factory=dict)
    """The scenario's, by name."""
    names: dict[str, str] = field(default_factory=dict)
    """Everybody's who has been in the chat, by id."""
    characters: Sequence[Person] = field(init=False)
    """The characters that take part now."""

    def __post_init__(self) -> None:
        self.meet(self.participants)

    @classmethod
    def of(cls, started: server.ChatStarted) -> Self:
        history = None if started.messages is None else deque(started.messages, maxlen=HISTORY)
        indexes = [message.index for message in history or () if message.index is not None]
        return cls(
            session_id=started.session_id,
            chat_id=started.chat_id,
            user_name=started.user.name if started.user else "",
            participants=started.people,
            history=history,
            newest_index=None if history is None else max(indexes, default=-1),
            roles=started.context.roles if started.context else {},
        )

    def _takes_part(self, person: Person) -> bool:
        own = [state for name, state in self.roles.items() if (state.character_id or name) in _known_as(person)]
        return person.enabled is not False and all(state.enabled for state in own)

    def meet(self, people: Sequence[Person]) -> None:
        """These are the participants now. A chat without any is not told of."""
        self.participants = people or self.participants
        self.names |= {person.id: person.name for person in people}
        self.characters = [person for person in self.participants if self._takes_part(person)]

    def saw(self, message: WireMessage) -> None:
        """Note what a message changes."""
        match message:
            case ChatMessage():
                self._keep(message)
            case server.ChatParticipantsUpdated():
                self.meet(message.characters)
            case server.ContextUpdated():
                self.roles = message.roles or self.roles
                self.meet(message.characters)

    def _keep(self, message: ChatMessage) -> None:
        if self.history is not None:
            self.history.append(message)
        if message.index is not None:
            self.newest_index = max(message.index, -1 if self.newest_index is None else self.newest_index)

    @property
    def reserved(self) -> frozenset[str]:
        """The names under which nobody else may appear: the user's, and those of the characters that take part."""
        return reserved_names(self.user_name, *(person.name for person in self.characters))

    def character_name(self, sender_id: str | None) -> str:
        """Who a message is from; the only character where the server does not say."""
        first = self.participants[0].name if self.participants else ""
        return self.names.get(sender_id or "", first)


def _known_as(person: Person) -> tuple[str | None, ...]:
    return person.id, person.scenario_role
