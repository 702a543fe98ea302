"""A gateway's events as the messages of Voxta they stand for."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from relay.wire import server
from relay.wire.messages import NamedValue, WireMessage

SPOKEN: Final = 60.0
"""Seconds for which speech is believed to last when a gateway only tells that it began."""
QUIET: Final = 5.0
"""Seconds without another sentence after which a reply counts as whole: gateways need not tell its end."""


@dataclass
class _MirroredReply:
    """A reply that a gateway tells of."""

    theirs: str
    """Its id."""
    ours: str
    """The id it is told on by: another one for what came of it after it had counted as whole."""
    sender: str | None
    text: str = ""
    is_over: bool = False


class GatewayEvents:
    """Follows one chat. A reply has begun with its first sentence, as only then its id is known.

    It is whole when the gateway tells of it as dialogue, when the character falls idle or begins another one, or when
    nothing more has come for `quiet` seconds. What comes of it after all is then a reply of its own.
    """

    def __init__(
        self, listen: Callable[[WireMessage], None], audio_url: str | None = None, *, quiet: float = QUIET
    ) -> None:
        """`audio_url` is the address of each sentence's sound, where it is not the gateway's side that speaks."""
        self._listen = listen
        self._audio_url = audio_url
        self._quiet = quiet
        self._timer: asyncio.TimerHandle | None = None
        self.forget()

    def forget(self) -> None:
        """The chat is another one."""
        self._stop_waiting()
        self._reply: _MirroredReply | None = None
        """The newest."""
        self._is_thinking = False
        """Whether a reply was announced of which nothing has come yet."""

    def translate(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell what an event means."""
        match kind:
            case "sentence_ready":
                self._sentence(data["message_id"], data.get("character_id"), data["text"])
            case "dialogue_received":
                self._message(data.get("message_id"), data.get("character_id"), data["text"])
            case "ai_state_changed":
                self._state(data["new_state"])
            case "app_trigger":
                named = [NamedValue(name=name, value=value) for name, value in data.get("arguments", {}).items()]
                self._listen(
                    server.ActionMessage(value=data["name"], arguments=named, sender_id=data.get("character_id"))
                )

    def _sentence(self, message_id: str, sender: str | None, text: str) -> None:
        reply = self._reply
        if reply is None or reply.theirs != message_id or reply.is_over:
            reply = self._begin(message_id, sender)
        chunk = f" {text}" if reply.text else text
        start, reply.text = len(reply.text), reply.text + chunk
        self._listen(
            server.ReplyChunk(
                message_id=reply.ours,
                sender_id=sender,
                start_index=start,
                end_index=len(reply.text),
                text=chunk,
                audio_url=self._audio_url,
            )
        )
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(self._quiet, self._end)

    def _begin(self, message_id: str, sender: str | None) -> _MirroredReply:
        self._end()
        last = self._reply
        ours = f"{last.ours}+" if last is not None and last.theirs == message_id else message_id
        reply = self._reply = _MirroredReply(message_id, ours, sender)
        self._is_thinking = False
        self._listen(server.ReplyGenerating(message_id=ours, sender_id=sender))
        self._listen(server.ReplyStart(message_id=ours, sender_id=sender))
        return reply

    def _message(self, message_id: str | None, sender: str | None, text: str) -> None:
        """A character has said something; a reply without sentences begins and ends with it."""
        if not message_id:
            return
        reply = self._reply
        if reply is None or reply.theirs != message_id:
            reply = self._begin(message_id, sender)
        if reply.ours == message_id and not reply.is_over:
            self._listen(server.MessageEvent(message_id=message_id, sender_id=sender, text=text, role="Assistant"))
        self._end()

    def _end(self) -> None:
        """The newest reply is whole, as far as can be known."""
        self._stop_waiting()
        if self._reply is not None and not self._reply.is_over:
            self._reply.is_over = True
            self._listen(server.ReplyEnd(message_id=self._reply.ours, sender_id=self._reply.sender))

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _state(self, state: str) -> None:
        match state:
            case "thinking":
                self._is_thinking = True
            case "speaking" if self._audio_url is None:
                self._listen(server.SpeechPlaybackStarted(message_id=self._last, duration=SPOKEN))
            case "idle" if self._is_thinking:
                self._is_thinking = False
                nothing = str(uuid.uuid4())  # each answer that never came is one of its own
                self._listen(server.ReplyGenerating(message_id=nothing))
                self._listen(server.ReplyCancelled(message_id=nothing))
            case "idle":
                self._end()
                if self._audio_url is None:
                    self._listen(server.SpeechPlaybackCompleted(message_id=self._last))

    @property
    def _last(self) -> str | None:
        return self._reply.ours if self._reply is not None else None
