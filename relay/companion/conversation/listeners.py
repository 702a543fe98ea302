"""Who listens to a session of a chat, and what each of them is told."""

from collections import deque
from typing import Final, Protocol

from relay.companion.state import wire_view
from relay.companion.state.chat import Message
from relay.wire import server
from relay.wire.messages import WireMessage

KEPT: Final = 200
"""Messages kept for the first listener; as many as one script may order."""
THOUGHT: Final = 2_000
"""Characters of a thought that are shown."""


class ChatListener(Protocol):
    """Somebody who subscribed to a chat."""

    @property
    def plays(self) -> bool:
        """Whether it fetches the speech of replies and plays it."""
        ...

    @property
    def records(self) -> bool:
        """Whether it streams what people say."""
        ...

    def send(self, message: WireMessage) -> None: ...


class Listeners:
    """The listeners of one session."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self.listeners: set[ChatListener] = set()
        self.inspectors: set[ChatListener] = set()
        """Those who also see what is hidden from the user."""
        self._kept: deque[WireMessage] = deque(maxlen=KEPT)

    def tell(self, message: WireMessage) -> None:
        for listener in tuple(self.listeners):
            listener.send(message)

    def tell_or_keep(self, message: WireMessage) -> None:
        """Tell everybody; while nobody listens, it is kept for who comes first."""
        if self.listeners:
            self.tell(message)
        else:
            self._kept.append(message)

    def give_kept(self, listener: ChatListener) -> None:
        """Tell a listener what happened while nobody listened."""
        while self._kept:
            listener.send(self._kept.popleft())

    def announce(self, message: Message) -> None:
        """Tell of a message that is new or has another text, whoever may see it."""
        for listener in self.listeners if message.role.seen_by_user else self.inspectors & self.listeners:
            listener.send(wire_view.update(self._session_id, message))

    def inspected(self, line: str) -> None:
        """Tell the inspectors what went on inside."""
        self._inspect(server.Inspector(session_id=self._session_id, log=line))

    def event_happened(self, name: str) -> None:
        """Tell the inspectors of an event of the scenario."""
        self._inspect(server.InspectorScenarioEventExecuted(session_id=self._session_id, event=name))

    def thought(self, text: str) -> None:
        """Tell the inspectors what a character thinks."""
        self.inspected(f"thinks: {text.strip()[:THOUGHT]}")

    def action_happened(self, name: str) -> None:
        """Tell the inspectors of an action."""
        self._inspect(server.InspectorActionExecuted(session_id=self._session_id, action=name))

    def script_ran(self, path: str) -> None:
        """Tell the inspectors of a script whose trigger was called."""
        self._inspect(server.InspectorScriptExecuted(session_id=self._session_id, script=path))

    def _inspect(self, message: WireMessage) -> None:
        for listener in self.inspectors & self.listeners:
            listener.send(message)

    def trouble(self, problem: str, *, service: str, retry: bool = False) -> None:
        """Tell everybody of a failure that the chat survives; without a service it would pass for a refused call."""
        self.tell(
            server.ChatSessionError(message=problem, service_name=service, retry=retry, session_id=self._session_id)
        )

    def request_recording(self, enabled: bool, *listeners: ChatListener) -> None:
        """Say whether speech is wanted, to those who could send it."""
        for listener in listeners or tuple(self.listeners):
            if listener.records:
                listener.send(server.RecordingRequest(session_id=self._session_id, enabled=enabled))

    @property
    def players(self) -> set[ChatListener]:
        """Those who play speech."""
        return {listener for listener in self.listeners if listener.plays}

    @property
    def is_played(self) -> bool:
        """Whether anybody plays speech."""
        return bool(self.players)

    def leave(self, listener: ChatListener) -> None:
        self.listeners.discard(listener)
        self.inspectors.discard(listener)

    def clear(self) -> None:
        self.listeners.clear()
        self.inspectors.clear()
