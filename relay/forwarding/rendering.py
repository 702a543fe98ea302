"""The only place where text for Voxta is made. Every character of a viewer's message and name passes through it."""

import uuid
from collections.abc import Mapping

from pydantic import ValidationError

from relay.config import KindRule
from relay.errors import RenderingError
from relay.forwarding.neutralise import folded, neutral_name, neutralise
from relay.model import AudienceMessage, Forward, Kind, Origin, Role

TEXT_LIMIT = 500
"""Characters of a viewer's text that reach the companion; Twitch's longest message."""
PLATFORM_NAMES = {"twitch": "Twitch", "discord": "Discord"}


class Renderer:
    """Turns audience messages into forwards by the rule of their kind."""

    def __init__(self, rules: Mapping[Kind, KindRule]) -> None:
        self._rules = rules

    def rule(self, kind: Kind) -> KindRule:
        return self._rules[kind]

    def render(
        self, message: AudienceMessage, *, chat_id: str, after_index: int, reserved: frozenset[str] = frozenset()
    ) -> Forward:
        """One message as a forward. `reserved` are names (folded) that viewers must not appear under.

        Raises RenderingError when nothing fit to send remains.
        """
        rule = self._rules[message.kind]
        text = neutralise(message.text, TEXT_LIMIT)
        if not text and message.kind in (Kind.CHAT, Kind.ASK):
            raise RenderingError("empty: no visible text remains")
        body = rule.template.format_map(self._fields(message, text, reserved))
        try:
            return Forward(
                id=uuid.uuid4().hex,
                keys=(message.key,),
                send_as=rule.send_as,
                body=" ".join(body.split()),
                origin=Origin.of(message),
                chat_id=chat_id,
                after_index=after_index,
            )
        except ValidationError as error:
            raise RenderingError(f"unsafe: {error.errors()[0]['msg']}") from None

    def _fields(self, message: AudienceMessage, text: str, reserved: frozenset[str]) -> dict[str, str]:
        known = frozenset() if Role.STREAMER in message.author.roles else reserved
        return {
            "author": neutral_name(message.author.name, known),
            "platform": PLATFORM_NAMES.get(message.platform, message.platform.capitalize()),
            "text": text,
            "quote": f': "{text}"' if text else ".",
            "amount": str(message.amount) if message.amount is not None else "some",
            "detail": neutralise(message.detail or "a reward", 64),
        }


def reserved_names(*names: str) -> frozenset[str]:
    """The names of characters and streamer in the form `Renderer.render` compares."""
    return frozenset(folded(name) for name in names if folded(name))
