"""What people change of what was said before."""

from collections.abc import Callable

from relay.companion.conversation.listeners import Listeners
from relay.companion.conversation.turns import Turns
from relay.companion.state.chat import Chat, MessageRole, Refused
from relay.wire import server


class Revision:
    """Edits one chat, and tells its listeners. Everything raises Refused at what is not there."""

    def __init__(
        self, chat: Chat, session_id: str, audience: Listeners, turns: Turns, keep: Callable[[], None]
    ) -> None:
        """`keep` is called when the chat has changed."""
        self._chat = chat
        self._session = session_id
        self._audience = audience
        self._turns = turns
        self._keep = keep

    def edit(self, message_id: str, text: str) -> None:
        """Replace the text of a message."""
        if not text.strip():
            raise Refused("update: text is empty; use deleteMessage to remove the message")
        self._audience.announce(self._chat.edit(message_id, text.strip()))
        self._keep()

    def delete(self, message_id: str) -> None:
        """Take a message out of the chat."""
        message = self._chat.remove(message_id)
        self._audience.tell(server.MessageDeleted(message_id=message.id, session_id=self._session))
        self._keep()

    def revert(self) -> None:
        """Take back the newest user message or event and all after it."""
        start = self._chat.latest(MessageRole.USER, MessageRole.EVENT, MessageRole.STORY)
        if start is None:
            raise Refused("there is nothing to take back")
        self._turns.cut_off()
        for message in [m for m in reversed(self._chat.messages) if m.index >= start.index]:
            self.delete(message.id)
        self._turns.advance()

    def retry(self) -> None:
        """Take back the newest reply, or the one in progress, and make another one.

        Of one that came to nothing there is nothing to take back: what was said before it is another's answer.
        """
        current = self._turns.replies.current
        is_failed = self._turns.replies.came_to_nothing
        if current is None and not is_failed and self._chat.latest(MessageRole.ASSISTANT) is None:
            raise Refused("there is no reply to make anew")
        self._turns.cut_off()
        last = self._chat.latest(MessageRole.ASSISTANT)
        if last is not None and (last.id == current.id if current is not None else not is_failed):
            self.delete(last.id)
        self._turns.people_spoke()
        self._turns.want_reply()
        self._turns.advance()
