"""The nouns every room shares. Values only: nothing here does I/O."""

import unicodedata
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Value(BaseModel):
    """An immutable value; unknown fields are ignored so that a stored one outlives an upgrade."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Role(StrEnum):
    """What an author is in the channel the message comes from."""

    VIEWER = "viewer"
    SUBSCRIBER = "subscriber"
    VIP = "vip"
    MODERATOR = "moderator"
    STREAMER = "streamer"
    BOT = "bot"


class Kind(StrEnum):
    """What happened in the audience."""

    CHAT = "chat"
    ASK = "ask"
    """A question put to the companion by command, such as Discord's `/ask`."""
    FOLLOW = "follow"
    SUBSCRIBE = "subscribe"
    RESUBSCRIBE = "resubscribe"
    GIFT = "gift"
    CHEER = "cheer"
    RAID = "raid"
    REDEMPTION = "redemption"
    """A channel-points reward."""
    ONLINE = "online"
    OFFLINE = "offline"


class Author(Value):
    """Who wrote a message or caused an event. Never called a user: that is Voxta's word for the streamer."""

    id: str
    """The platform's own id, stable when the name changes."""
    name: str
    """The name shown in the channel; hostile text."""
    roles: frozenset[Role] = frozenset()


class AudienceMessage(Value):
    """One thing a person said or did on a platform."""

    platform: str
    """`twitch`, `discord`, or the name of another adapter."""
    id: str
    """The platform's own id of the message or event; unique within the platform."""
    channel: str
    """The platform's id of the channel or thread, where an answer belongs."""
    kind: Kind
    author: Author
    text: str = ""
    """As written, unchanged; hostile text."""
    at: float
    """When the relay heard of it, by its own clock, in seconds since the epoch."""
    amount: int | None = None
    """Bits of a cheer, viewers of a raid, subscriptions of a gift, months of a resubscription."""
    detail: str | None = None
    """The title of a redeemed reward, or the tier of a subscription."""
    addressed: bool = False
    """It mentions the companion's account or replies to it."""
    reply_to: str | None = None
    """The id an answer should reply to, where the platform can thread answers."""

    @property
    def key(self) -> str:
        """Unique over all platforms."""
        return f"{self.platform}:{self.id}"


class Edit(Value):
    """A message was rewritten on its platform; counts only until it is forwarded."""

    platform: str
    id: str
    text: str

    @property
    def key(self) -> str:
        return f"{self.platform}:{self.id}"


class Retraction(Value):
    """Messages were taken back on their platform. Either one message, or all that wait from an author or channel."""

    platform: str
    reason: str
    """Such as `deleted on discord`, `author timed out`, `chat cleared`."""
    id: str | None = None
    author_id: str | None = None
    channel: str | None = None


Incoming = AudienceMessage | Edit | Retraction


class Outcome(StrEnum):
    """How an audience message ended. Each has exactly one."""

    FORWARDED = "forwarded"
    MERGED = "merged"
    """Forwarded together with others as one."""
    HELD = "held"
    REJECTED = "rejected"
    """Policy said no."""
    EXPIRED = "expired"
    """It waited longer than it was worth."""
    DROPPED = "dropped"
    """Taken back by its platform, or the run ended."""


class Settlement(Value):
    """The outcome of one message."""

    key: str
    outcome: Outcome
    reason: str
    at: float
    """Seconds since the epoch."""


class SendAs(StrEnum):
    """Which kind of message a forward becomes in Voxta (see the README's table)."""

    USER = "user"
    EVENT = "event"
    NOREPLY = "noreply"

    @property
    def expects_reply(self) -> bool:
        """Whether Voxta answers it; such a one would cut off a reply in progress."""
        return self is not SendAs.NOREPLY

    @property
    def command(self) -> str:
        """What Voxta reads at the start of the text, the space included; empty for a plain user message."""
        return "" if self is SendAs.USER else f"/{self} "

    @property
    def role(self) -> str:
        """The role such a message has in Voxta's chat history."""
        return "Event" if self is SendAs.EVENT else "User"


class Origin(Value):
    """Where a forward came from, and so where its answer belongs."""

    platform: str
    channel: str
    reply_to: str | None = None

    @classmethod
    def of(cls, message: AudienceMessage) -> Self:
        return cls(platform=message.platform, channel=message.channel, reply_to=message.reply_to)


class Forward(Value):
    """What is sent to Voxta: one rendering of one or more audience messages."""

    id: str
    """Unique; names the attempt in the store."""
    keys: tuple[str, ...]
    """The audience messages it carries."""
    send_as: SendAs
    body: str
    """What the companion reads; no command, checked to be none."""
    origin: Origin
    chat_id: str
    after_index: int
    """The index of the newest message of the chat when it was sent, -1 in an empty chat."""

    @field_validator("body")
    @classmethod
    def _is_no_command(cls, body: str) -> str:
        if body != body.strip() or not body or body[0] in "/[*" or any(sign in body for sign in ("{{", "}}")):
            raise ValueError("the body must not be empty nor begin with /, [ or *, nor hold a template tag")
        if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in body):
            raise ValueError("the body must be one line without control characters")
        return body

    @property
    def text(self) -> str:
        """Exactly what Voxta gets."""
        return self.send_as.command + self.body


class Reply(Value):
    """What the companion answered, complete."""

    message_id: str
    character: str
    """The character's name."""
    text: str
    origin: Origin | None = None
    """None when nobody in the audience asked."""


class Post(Value):
    """One message to write to a channel, already within the platform's length."""

    channel: str
    text: str
    reply_to: str | None = None
    nonce: str = Field(min_length=1, max_length=25)
    """The same for every try of the same post, so that a platform that can will not post it twice."""
