"""Which messages of the chat are news: Voxta tells all that is said there, what the relay sent as well."""

from collections import deque
from typing import Final

from relay.wire import client, server
from relay.wire.messages import WireMessage

REMEMBERED: Final = 16
"""Texts that the relay sent, which Voxta will tell back."""


class ToldBack:
    """Is shown what was sent, and asked about what came."""

    def __init__(self) -> None:
        self._own: deque[str] = deque(maxlen=REMEMBERED)

    def sent(self, message: WireMessage) -> None:
        """The relay sent this."""
        if isinstance(message, client.Send):
            self._own.append(_said(message.text))

    def knows(self, message: server.MessageEvent) -> bool:
        """Whether it is only what the relay sent."""
        return message.text in self._own


def _said(text: str) -> str:
    """What of it stands in the chat."""
    if text.startswith("/message "):
        return text.partition("-- ")[2]
    return text.partition(" ")[2] if text.startswith("/") else text
