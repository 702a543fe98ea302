"""A gateway's events as the messages of Voxta they stand for."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from relay.wire import server
from relay.wire.messages import NamedValue, WireMessage

SPOKEN: Final = 60.0
"""Seconds for which speech is believed to last when a gateway only tells that it began."""


class Mirrored:
    """Follows one chat. A reply has begun with its first sentence, as only then its id is known."""

    def __init__(self, listen: Callable[[WireMessage], None], audio_url: str | None = None) -> None:
        """`audio_url` is the address of each sentence's sound, where it is not the gateway's side that speaks."""
        self._listen = listen
        self._audio_url = audio_url
        self.forget()

    def forget(self) -> None:
        """The chat is another one."""
        self._texts: dict[str, str] = {}
        self._last: str | None = None
        self._is_thinking = False
        """Whether a reply was announced of which nothing has come yet."""

    def take(self, kind: str, data: Mapping[str, Any]) -> None:
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
                self._listen(server.Action(value=data["name"], arguments=named, sender_id=data.get("character_id")))

    def _sentence(self, message_id: str, sender: str | None, text: str) -> None:
        if message_id not in self._texts:
            self._begin(message_id, sender)
        before = self._texts[message_id]
        chunk = f" {text}" if before else text
        self._texts[message_id] = before + chunk
        self._listen(
            server.ReplyChunk(
                message_id=message_id,
                sender_id=sender,
                start_index=len(before),
                end_index=len(before) + len(chunk),
                text=chunk,
                audio_url=self._audio_url,
            )
        )

    def _begin(self, message_id: str, sender: str | None) -> None:
        self._texts = {message_id: ""}
        self._last, self._is_thinking = message_id, False
        self._listen(server.ReplyGenerating(message_id=message_id, sender_id=sender))
        self._listen(server.ReplyStart(message_id=message_id, sender_id=sender))

    def _message(self, message_id: str | None, sender: str | None, text: str) -> None:
        """A character has said something; a reply without sentences begins and ends with it."""
        if not message_id:
            return
        if message_id not in self._texts:
            self._begin(message_id, sender)
        self._listen(server.MessageEvent(message_id=message_id, sender_id=sender, text=text, role="Assistant"))
        self._listen(server.ReplyEnd(message_id=message_id, sender_id=sender))

    def _state(self, state: str) -> None:
        match state:
            case "thinking":
                self._is_thinking = True
            case "speaking" if self._audio_url is None:
                self._listen(server.SpeechPlaybackStart(message_id=self._last, duration=SPOKEN))
            case "idle" if self._is_thinking:
                self._is_thinking = False
                self._listen(server.ReplyGenerating(message_id="nothing"))
                self._listen(server.ReplyCancelled(message_id="nothing"))
            case "idle" if self._audio_url is None:
                self._listen(server.SpeechPlaybackComplete(message_id=self._last))
