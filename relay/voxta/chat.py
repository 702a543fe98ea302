"""What the relay knows of the chat it has joined."""

from collections import deque
from dataclasses import dataclass, field
from typing import Self

from relay.wire import server
from relay.wire.messages import ChatMessage, Person, WireMessage

HISTORY = 500
"""Messages remembered of a chat."""


@dataclass
class Chat:
    session_id: str
    chat_id: str
    user_name: str
    characters: list[Person]
    history: deque[ChatMessage] | None
    """The newest messages, oldest first; None when the server does not tell them on joining."""
    newest_index: int = -1
    """The index of the newest message seen."""
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, started: server.ChatStarted) -> Self:
        history = None if started.messages is None else deque(started.messages, maxlen=HISTORY)
        return cls(
            session_id=started.session_id,
            chat_id=started.chat_id,
            user_name=started.user.name if started.user else "",
            characters=started.people,
            history=history,
            newest_index=max((m.index for m in history or () if m.index is not None), default=-1),
            names={person.id: person.name for person in started.people},
        )

    def saw(self, message: WireMessage) -> None:
        """Note a message that was added."""
        if not isinstance(message, ChatMessage):
            return
        if self.history is not None:
            self.history.append(message)
        if message.index is not None:
            self.newest_index = max(self.newest_index, message.index)

    def character_name(self, sender_id: str | None) -> str:
        """Who a message is from; the only character where the server does not say."""
        first = self.characters[0].name if self.characters else ""
        return self.names.get(sender_id or "", first)
