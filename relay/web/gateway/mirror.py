"""What happens in Voxta and on the floor, as the events of a gateway."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from relay.model import Forward
from relay.replies.replies import Step
from relay.replies.told_back import ToldBack
from relay.web.gateway.state import GatewayState, changes
from relay.web.gateway.subscribers import Subscribers
from relay.wire import server
from relay.wire.messages import WireMessage

LOOK_EVERY: Final = 0.25
"""Seconds between two looks for what time alone has changed, while any client would be told."""
HISTORY: Final = 500
"""Messages from and to Voxta that are remembered, as the Gateway does."""
SHOWN: Final = 16
"""Messages remembered that clients were told of."""


class Mirror:
    """Watches, and tells the clients. `state` is asked for what is the case now."""

    def __init__(self, clients: Subscribers, state: Callable[[], GatewayState]) -> None:
        self._clients = clients
        self._state = state
        self._known = GatewayState()
        self._reasons: dict[str, str | None] = {}
        self._dialogue: deque[str] = deque(maxlen=SHOWN)
        self._told_back = ToldBack()
        self.history: deque[dict[str, Any]] = deque(maxlen=HISTORY)
        self.last_message_id: str | None = None
        """The newest message of a character."""

    def look(self) -> GatewayState:
        """Tell what has changed since the last look, and return how it is now."""
        now = self._state()
        for event, data in changes(self._known, now):
            if event == "external_speaker_started":
                data = data | {"reason": self._reasons.get(str(data["source"]))}
            self._clients.tell(event, data)
        self._known = now
        return now

    async def keep_looking(self) -> NoReturn:
        """Time alone changes the floor: speakers who say nothing more are gone after a while."""
        while True:
            await self._clients.present.wait()
            self.look()
            await asyncio.sleep(LOOK_EVERY)

    def speaks_because(self, source: str, reason: str | None) -> None:
        """Why an external speaker talks, as it was told before it began."""
        self._reasons = {source: reason}

    def said(self, text: str, source: str, author: str | None) -> None:
        """Somebody said something that Voxta was told."""
        self._clients.tell(
            "dialogue_received",
            {"message_id": None, "text": text, "character_id": None, "source": source, "author": author},
        )

    def told(self, forward: Forward) -> None:
        """The character was told what the audience said or did."""
        source = forward.origins[0].platform if forward.origins else "audience"
        self.said(forward.body, source, ", ".join(forward.names) or None)

    def sent(self, message: WireMessage) -> None:
        """The relay sent something to Voxta."""
        self._remember("OUT", message)
        self._told_back.sent(message)

    def replied(self, step: Step) -> None:
        """A reply goes on. What is read aloud stands in the chat already."""
        reply = step.reply
        if reply.is_narration:
            return
        if step.added:
            self.last_message_id = reply.id
        for text in step.sentences:
            data = {"text": text, "character_id": reply.sender_id, "message_id": reply.id}
            self._clients.tell("sentence_ready", data)

    def received(self, message: WireMessage) -> None:
        """Voxta sent something."""
        self._remember("IN", message)
        self.look()
        match message:
            case server.MessageEvent():
                self._show(message)
            case server.ActionMessage():
                named = {argument.name: argument.value for argument in message.arguments or []}
                self._trigger(message.value, named, message.sender_id)
            case server.AppTrigger():
                placed = {str(place): value for place, value in enumerate(message.arguments)}
                self._trigger(message.name, placed, message.sender_id)

    def _remember(self, direction: str, message: WireMessage) -> None:
        data = message.to_wire()
        self.history.append({"direction": direction, "type": data["$type"], "data": data, "timestamp": time.time()})

    def _show(self, message: server.MessageEvent) -> None:
        """A message of the chat; what we told Voxta ourselves was shown when it was sent."""
        is_ai = message.role.casefold() == "assistant"
        is_news = message.message_id not in self._dialogue and not self._told_back.knows(message)
        if not is_news or not (is_ai or message.role.casefold() == "user"):
            return
        self._dialogue.append(message.message_id)
        if is_ai:
            self.last_message_id = message.message_id
        self._clients.tell(
            "dialogue_received",
            {
                "message_id": message.message_id,
                "text": message.text,
                "character_id": message.sender_id if is_ai else None,
                "source": "ai" if is_ai else "user",
                "author": None,
            },
        )

    def _trigger(self, name: str, arguments: Mapping[str, Any], sender: str | None) -> None:
        self._clients.tell("app_trigger", {"name": name, "arguments": dict(arguments), "character_id": sender})
