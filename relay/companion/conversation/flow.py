"""Where a chat is in its turn, as its listeners are told."""

from collections.abc import Callable
from typing import Final

from relay.wire.server import WAITING, ChatFlow

READING: Final = "ProcessingUserMessage"
SELECTING: Final = "SelectingSpeaker"
REPLYING: Final = "ProcessingAssistantReply"


class Flow:
    """Tells each change once. A turn is over when the chat waits for people: all was said, and heard."""

    def __init__(self, session_id: str, tell: Callable[[ChatFlow], None]) -> None:
        self._session = session_id
        self._tell = tell
        self._state = WAITING

    @property
    def state(self) -> ChatFlow:
        """As it is told."""
        return ChatFlow(session_id=self._session, state=self._state)

    def enter(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self._tell(self.state)
