"""What is sent to Voxta, and as what."""

import re
from enum import StrEnum
from typing import Final, Literal

from pydantic import ConfigDict, Field, field_validator

from relay.model.audience import DESK, Origin, Retraction
from relay.model.base import Value

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What Unicode calls a control character, or a separator of lines or paragraphs (Cc, Zl, Zp)."""


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
    """Who wrote what it carries, as `platform:id`, as far as their platforms say it."""
    names: tuple[str, ...] = ()
    """Their names, as the companion reads them."""
    interruptible: bool = True
    """Whether people may cut its answer off by talking."""
    is_streamers: bool = False
    """The streamer says it, so that actions may follow from it."""
    chat_id: str
    after_index: int | None
    """The index of the newest message of the chat when it was sent, -1 in an empty chat; None when nobody knew it."""

    @field_validator("body")
    @classmethod
    def _is_no_command(cls, body: str) -> str:
        if body != body.strip() or not body or body[0] in "/[*" or "{{" in body or "}}" in body:
            raise ValueError("the body must not be empty nor begin with /, [ or *, nor hold a template tag")
        if _CONTROLS.search(body):
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
    def pretended(self) -> bool:
        """It tells of what nobody did; such a thing is never told together with what somebody did."""
        return any(origin.platform == DESK for origin in self.origins)

    def is_named_by(self, retraction: Retraction) -> bool:
        """Whether it carries something of what was taken back."""
        return retraction.concerns(self.keys, self.authors, [origin.place for origin in self.origins])

    @property
    def is_prompt(self) -> bool:
        """Whether the story writer makes of it what is answered."""
        return self.send_as is SendAs.STORY or bool(self.options.use_story_writer)

    @property
    def expects_reply(self) -> bool:
        """Whether Voxta answers it; such a one would cut off a reply in progress."""
        return expects_reply(self.send_as, self.options)


def expects_reply(send_as: SendAs, options: MessageOptions) -> bool:
    """Whether Voxta answers a message of this type."""
    if send_as is not SendAs.MESSAGE:
        return send_as in (SendAs.USER, SendAs.EVENT, SendAs.STORY)
    return options.role in ("User", "Event") if options.reply is None else options.reply
