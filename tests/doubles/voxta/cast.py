"""Who takes part in a chat, and what was said in it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.wire import Wire, new_id

_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Participant:
    name: str
    id: str = field(default_factory=new_id)

    def shown(self) -> Message:
        return {"id": self.id, "name": self.name, "thumbnailUrl": None, "scenarioRole": None, "appConfiguration": {}}


@dataclass
class Entry:
    """A message of a chat's history."""

    role: str
    """By name, such as `User`."""
    sender: Participant
    text: str | None
    index: int
    id: str = field(default_factory=new_id)

    def shown(self, wire: Wire) -> Message:
        return {
            "messageId": self.id,
            "role": wire.role(self.role),
            "senderId": self.sender.id,
            "text": self.text,
            "timestamp": (_BEGINNING + timedelta(seconds=self.index)).isoformat(),
            "index": self.index,
            "conversationIndex": self.index,
            "chatTime": float(self.index),
            "tokens": len((self.text or "").split()),
            "summarizedBy": None,
            "attachments": None,
        }
