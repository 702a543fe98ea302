"""Who steers the relay, with what, and what waits for their decision."""

from collections.abc import Container
from typing import Literal
from zlib import crc32

from relay.model.audience import Role
from relay.model.base import Value


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
    places: tuple[str, ...] = ()
    """Where it is given, by the platform's ids, the closest first: a thread, and the channel that it is in."""

    @property
    def may_control(self) -> bool:
        return bool(self.roles & {Role.STREAMER, Role.MODERATOR})

    def may_act_as(self, role: Role) -> bool:
        """Whether what is for this role is for them: for the streamer, everything is."""
        return Role.STREAMER in self.roles or role in self.roles


class Talker(Value):
    """A person in the companion's voice channel."""

    name: str
    is_streamer: bool = False
    id: str = ""
    """The platform's own id."""
    roles: frozenset[Role] = frozenset()
    channel: str = ""
    """The platform's id of the voice channel."""


class Held(Value):
    """Something that waits for a person's decision."""

    id: str
    """Short, for people to type: `h482137` (heard from the audience) or `r120751` (said by the companion)."""
    who: str
    """The author's or the character's name."""
    platform: str | None = None
    """Where the author wrote it; None for what the companion said."""
    text: str
    """The original text."""
    reason: str
    at: float
    """Seconds since the epoch."""
    until: float | None = None
    """When it ends as held, by the same clock; None when that is not known."""
    spans: tuple[tuple[int, int], ...] = ()
    """Which parts of the text it is held for, as far as that is known."""
    key: str | None = None
    """Of the message from the audience; None for what the companion said."""
    viewer: str | None = None
    """Who wrote it, as `platform:id`."""
    is_withheld: bool = False
    """Its platform keeps it from its own chat."""
    pretended: bool = False
    """Nobody wrote it, or it answers what nobody wrote."""

    @property
    def whose(self) -> str:
        """Who it is from, for lines that people read."""
        who = self.who if self.platform is None else f"{self.who} ({self.platform})"
        return f"pretended, {who}" if self.pretended else who


def short_id(letter: str, what: str, taken: Container[str]) -> str:
    """An id for what is held, which `what` alone makes: it may be used when the relay that showed it is over."""
    number = 100_000 + crc32(what.encode(errors="replace")) % 900_000
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"


class ControlInfo(Value):
    """One control as a platform offers it."""

    name: str
    summary: str
    argument: str | None = None
    """What its argument is called; None when it takes none."""
    form: str = ""
    """How its argument is written, such as `ID|first|all`."""
    required: bool = False


class ParameterInfo(Value):
    """One argument of a viewers' command."""

    name: str
    type: Literal["text", "number", "choice", "viewer"] = "text"
    min: float | None = None
    max: float | None = None
    choices: tuple[str, ...] = ()
    max_length: int = 300
    """Characters of a text."""
    optional: bool = False


class CommandInfo(Value):
    """One of the viewers' commands, as a platform offers it in a way of its own."""

    name: str
    summary: str = ""
    parameters: tuple[ParameterInfo, ...] = ()
    is_told: bool = False
    """It goes to the companion; otherwise the relay does it itself."""
    is_personal: bool = False
    """Its answer concerns nobody but who asked."""
    is_question: bool = False
    """It puts a question to the companion and does nothing else, as the relay's own `ask`."""
    completes: str = ""
    """Its parameter that is the name of a command."""


class Suggestion(Value):
    """What an argument of a control may become."""

    value: str
    """What the control is given."""
    label: str
    """What people choose it by."""
