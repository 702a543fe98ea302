"""The nouns every room shares. Values only: nothing here does I/O."""

import unicodedata
from enum import StrEnum
from typing import ClassVar, Literal, Self

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
    """A question put to the companion by a command such as `/ask`."""
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


class Quoted(Value):
    """What a message replies to."""

    author: Author | None
    """Who wrote it; None for the companion's own account."""
    text: str
    """As written, at most `LONGEST` characters; hostile text of another person's."""

    LONGEST: ClassVar[int] = 200

    @classmethod
    def of(cls, author: Author | None, text: str) -> Self:
        """With its text shortened."""
        line = " ".join(text.split())
        return cls(author=author, text=line if len(line) <= cls.LONGEST else f"{line[: cls.LONGEST - 1]}…")


class AudienceMessage(Value):
    """One thing a person said or did on a platform."""

    platform: str
    """The name of its adapter, in small letters."""
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
    """It mentions the companion's account, replies to it, or names it or a character."""
    reply_to: str | None = None
    """The id an answer should reply to, where the platform can thread answers."""
    replies_to: Quoted | None = None
    """What it replies to itself."""

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
    """Such as `message deleted`, `author timed out`, `chat cleared`."""
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
    """Which kind of message a forward becomes in Voxta (see the table in docs/messages.md)."""

    USER = "user"
    EVENT = "event"
    NOREPLY = "noreply"
    NOTE = "note"
    SECRET = "secret"
    STORY = "story"
    """The story writer makes the text; ours is its prompt."""
    INSTRUCTIONS = "instructions"
    MESSAGE = "message"
    """A custom message with `MessageOptions`."""
    SCRIPT = "script"
    """A call of the scenario's script listener `app:<name>`; no message at all."""

    @property
    def role(self) -> str | None:
        """The role such a message has in the chat's history; None when it does not stand there as it was sent."""
        roles = {SendAs.USER: "User", SendAs.NOREPLY: "User", SendAs.EVENT: "Event", SendAs.NOTE: "Note"}
        return roles.get(self) or {SendAs.SECRET: "Secret", SendAs.INSTRUCTIONS: "Instructions"}.get(self)


class MessageOptions(Value):
    """How a custom message differs from the default; None leaves it to Voxta."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["Secret", "Note", "Instructions", "Event", "User", "Assistant"] | None = None
    character: str | None = Field(None, pattern=r'^[^"\\\r\n{}]{1,64}$')
    scenario_role: str | None = Field(None, pattern=r"^[A-Za-z0-9_]{1,64}$")
    use_story_writer: bool | None = None
    max_new_tokens: int | None = Field(None, ge=1)
    max_sentences: int | None = Field(None, ge=1)
    reply: bool | None = None
    narrate: bool | None = None

    @property
    def arguments(self) -> str:
        """As `/message` takes them."""
        words = []
        for name, value in self.model_dump(exclude_none=True).items():
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            words.append(f"--{name.replace('_', '-')} " + (f'"{shown}"' if " " in shown else shown))
        return " ".join(words)


class ScriptCall(Value):
    """A script event with its named arguments, which are texts, numbers too: Voxta takes nothing else there."""

    name: str
    arguments: dict[str, str]


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
    heard_at: tuple[float, ...] = ()
    """When the relay heard of each of them, by its own clock, in seconds since the epoch."""
    send_as: SendAs
    body: str
    """What the companion reads; no command, checked to be none."""
    options: MessageOptions = MessageOptions()
    script: ScriptCall | None = None
    events: tuple[ScriptCall, ...] = ()
    """What the scenario's scripts are told besides, one for each audience message."""
    origins: tuple[Origin, ...]
    """Where the answer belongs; one for each channel asked from."""
    authors: tuple[str, ...] = ()
    """Who wrote what it carries, as `platform:id`."""
    names: tuple[str, ...] = ()
    """Their names, as the companion reads them."""
    interruptible: bool = True
    """Whether people may cut its answer off by talking."""
    is_streamers: bool = False
    """The streamer says it, so that actions may follow from it."""
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
        if self.send_as is SendAs.USER:
            return self.body
        if self.send_as is SendAs.MESSAGE:
            return " ".join(f"/message {self.options.arguments} -- {self.body}".split())
        return f"/{self.send_as} {self.body}"

    @property
    def expects_reply(self) -> bool:
        """Whether Voxta answers it; such a one would cut off a reply in progress."""
        return expects_reply(self.send_as, self.options)


def expects_reply(send_as: SendAs, options: MessageOptions) -> bool:
    """Whether Voxta answers a message of this type."""
    if send_as is not SendAs.MESSAGE:
        return send_as in (SendAs.USER, SendAs.EVENT, SendAs.STORY)
    return options.role in ("User", "Event") if options.reply is None else options.reply


class ReplyText(Value):
    """What the companion says to the audience, complete."""

    message_id: str
    character: str
    """The character's name."""
    text: str
    origins: tuple[Origin, ...] = ()
    """Where it belongs; empty when nobody in the audience asked."""


class Post(Value):
    """One message to write to a channel, already within the platform's length."""

    channel: str
    text: str
    reply_to: str | None = None
    message_id: str | None = None
    """The reply it tells, by its id in Voxta; None for what the relay itself has to say."""
    nonce: str = Field(min_length=1, max_length=25)
    """The same for every try of the same post, so that a platform that can will not post it twice."""


class Caller(Value):
    """Who gives a command."""

    source: str
    """The name of a platform, `terminal` or `web`."""
    name: str
    id: str = ""
    """The platform's own id of the person, stable when the name changes."""
    roles: frozenset[Role] = frozenset()
    in_private: bool = False
    """Nobody else sees the answer."""

    @property
    def may_control(self) -> bool:
        return bool(self.roles & {Role.STREAMER, Role.MODERATOR})


class Talker(Value):
    """A person in the companion's voice channel."""

    name: str
    is_streamer: bool = False


class Held(Value):
    """Something that waits for a person's decision."""

    id: str
    """Short, for people to type: `h1`, `h2`, … (heard from the audience) or `r1` (said by the companion)."""
    who: str
    """The author and platform, or the character's name."""
    text: str
    """The original text."""
    reason: str
    at: float
    """Seconds since the epoch."""


class ControlInfo(Value):
    """One control as a platform offers it."""

    name: str
    summary: str
    argument: str | None = None
    """What its argument is called; None when it takes none."""
    form: str = ""
    """How its argument is written, such as `ID|all`."""
    required: bool = False


class Suggestion(Value):
    """What an argument of a control may become."""

    value: str
    """What the control is given."""
    label: str
    """What people choose it by."""
