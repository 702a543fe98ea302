"""What the server's messages look like on the wire, by the switches."""

from typing import Any, Final
from uuid import uuid4

from tests.doubles.voxta.checks import ROLES, Message
from tests.doubles.voxta.switches import Switches

_NEVER_NULL: Final = frozenset({"apiVersion"})
_STRANGE: Final[Message] = {"$type": "auroraForecast", "sessionId": 7, "role": {"of": ["nobody"]}, "text": None}


class Wire:
    """Makes frames of messages in which None stands for what is optional and absent, and roles go by name."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches

    def frames(self, message: Message) -> list[Message]:
        """The message as it is sent, with what goes before it."""
        dressed: Message = self._dress(message)
        if not self._switches.strangers:
            return [dressed]
        strange = {"newIn2031": {"deep": [None, {"er": 1.5}]}, "flagsets": ["x"], "index2": -1}
        return [dict(_STRANGE), {"no": "type"}, dressed | strange]

    def role(self, name: str) -> str | int:
        return ROLES.index(name) if self._switches.roles_as_numbers else name

    def flag(self, name: str, index: int) -> str | Message:
        if not self._switches.flags_as_objects:
            return name
        return {
            "name": name,
            "messageIndex": index,
            "messageChatTime": float(index),
            "expireIndex": None,
            "expireChatTime": None,
        }

    def _dress(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._dress(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {key: self._dress(item) for key, item in value.items() if item is not None or self._shows_null(key)}

    def _shows_null(self, key: str) -> bool:
        return self._switches.nulls and key not in _NEVER_NULL


def new_id() -> str:
    return str(uuid4())
