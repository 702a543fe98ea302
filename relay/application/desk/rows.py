"""The rows of the feed: what somebody said or did, what the companion answered, what the relay wrote itself."""

from dataclasses import dataclass, field
from typing import Any, Final

from relay.model import AudienceMessage, Settlement
from relay.replies.reply import Phase, Reply
from relay.web.desk.log import LogTopic
from relay.web.desk.topics import Age

QUOTED: Final = 200
"""Characters of what was asked that stand with an answer."""


@dataclass(eq=False, slots=True)
class MessageRow:
    """Something from the audience, and what became of it."""

    message: AudienceMessage
    number: int = -1
    ended: Settlement | None = None
    reply: str | None = None
    """The row that answers it."""
    ticked_by: str | None = None
    """Who has seen to it; for support alone."""
    told_again: int = 0
    """How often a moderator has had it told once more."""

    @property
    def id(self) -> str:
        return self.message.key

    @property
    def who(self) -> str:
        return self.message.author.name

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def pretended(self) -> bool:
        return self.message.pretended

    @property
    def words(self) -> tuple[str, ...]:
        """See LogRow."""
        return self.text, self.who

    def shown(self) -> dict[str, object]:
        """See LogRow."""
        message, ended = self.message, self.ended
        return {
            "type": "message",
            "kind": message.kind,
            "who": message.author.name,
            "viewer": message.viewer,
            "platform": message.platform,
            "roles": sorted(message.author.roles),
            "text": message.text,
            "amount": message.amount,
            "detail": message.detail,
            "other": message.other.name if message.other else None,
            "addressed": message.addressed,
            "pretended": message.pretended,
            "again": message.told_again,
            "age": Age(message.at),
            "outcome": ended.outcome if ended else None,
            "reason": ended.reason if ended else "",
            "reply": self.reply,
            "ticked": self.ticked_by,
            "told_again": self.told_again,
        }


@dataclass(eq=False, slots=True)
class OwnRow:
    """What the companion was told beside the audience: by the streamer, or by a game."""

    id: str
    who: str
    """The streamer's name; "" where the text itself says whose words it is."""
    text: str
    at: float
    number: int = -1
    reply: str | None = None
    """The row that answers it."""

    @property
    def pretended(self) -> bool:
        return False

    @property
    def words(self) -> tuple[str, ...]:
        """See LogRow."""
        return self.text, self.who

    def shown(self) -> dict[str, object]:
        """See LogRow."""
        return {"type": "own", "who": self.who, "text": self.text, "reply": self.reply, "age": Age(self.at)}


@dataclass(eq=False, slots=True)
class ReplyRow:
    """Something the companion says."""

    reply: Reply
    at: float
    asked: tuple[MessageRow | OwnRow, ...] = ()
    """What it answers."""
    number: int = -1
    released: str | None = None
    """What the filters have let through to be posted; None until then."""
    posted: dict[str, str | None] = field(default_factory=dict)
    """Where it stands, each with the error when it does not."""
    mark: tuple[object, ...] = ()
    """How the reply was when it was shown last."""

    @property
    def id(self) -> str:
        return f"reply:{self.reply.id}"

    @property
    def words(self) -> tuple[str, ...]:
        """See LogRow."""
        return self.reply.text, self.reply.character

    def has_changed(self) -> bool:
        """Whether there is more to show than the last time somebody asked this."""
        before, self.mark = self.mark, (self.reply.phase, self.reply.text, self.reply.heard, self.reply.character)
        return self.mark != before

    def shown(self) -> dict[str, object]:
        """See LogRow. `heard` is the beginning of the text that was heard, None where nothing is spoken."""
        reply = self.reply
        return {
            "type": "reply",
            "who": reply.character,
            "text": reply.text,
            "heard": reply.heard if reply.is_voiced else None,
            "phase": reply.phase,
            "cut": reply.phase is Phase.CUT,
            "pretended": any(row.pretended for row in self.asked),
            "age": Age(self.at),
            "asked": [{"id": row.id, "who": row.who, "text": row.text[:QUOTED]} for row in self.asked],
            "released": self.released,
            "posted": [{"platform": name, "error": error} for name, error in self.posted.items()],
        }


@dataclass(eq=False, slots=True)
class PostRow:
    """What the relay wrote into a chat itself, such as the answer to a command."""

    id: str
    platform: str
    text: str
    at: float
    error: str | None
    number: int = -1

    @property
    def words(self) -> tuple[str, ...]:
        """See LogRow."""
        return (self.text,)

    def shown(self) -> dict[str, object]:
        """See LogRow."""
        return {
            "type": "post",
            "platform": self.platform,
            "text": self.text,
            "error": self.error,
            "age": Age(self.at),
        }


def forget(rows: LogTopic[Any], viewer: str) -> None:
    """Leave no word of what this viewer wrote; that they did something stays."""
    for row in rows:
        if isinstance(row, MessageRow) and row.message.viewer == viewer:
            row.message = row.message.model_copy(update={"text": ""})
            rows.touch(row)
            if (reply := rows.get(row.reply or "")) is not None:  # it shows what it answers
                rows.touch(reply)
