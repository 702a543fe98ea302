"""What viewers can do by writing a command, and what the streamer's own commands are."""

from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from relay.config.actions import ActionSection
from relay.config.base import Section, written
from relay.config.forwarding import TEMPLATE_FIELDS
from relay.model import Role
from relay.text.for_pages import for_pages

RESERVED: Final = frozenset({"relay", "say", "event", "note", "secret", "noreply", "story", "instructions"})
"""The moderators' words."""


def _check_name(name: str) -> str:
    if name != name.lower():
        raise ValueError(f"{name!r} has capital letters; write {name.lower()!r}, which is found however it is typed")
    if name in RESERVED:
        raise ValueError(f"{name!r} is the moderators' word; take another name")
    return name


CommandName = Annotated[
    str, written(r"[^\W_](\w|-){0,31}", "1 to 32 letters, digits, _ and -"), AfterValidator(_check_name)
]
"""What chats that offer commands take for a name."""


ChoiceName = Annotated[str, written(r"\S{1,50}", "one word of at most 50 characters")]


class ParameterSection(Section):
    """One argument of a command."""

    name: Annotated[str, written(r"[a-z][a-z0-9_]{0,31}", "1 to 32 small letters, digits and _")]
    type: Literal["text", "number", "choice", "viewer"] = "text"
    min: float | None = None
    max: float | None = None
    choices: tuple[ChoiceName, ...] = Field((), max_length=25)
    max_length: int = Field(300, ge=1, le=500)
    optional: bool = False
    default: str = ""

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        if self.name in TEMPLATE_FIELDS | {"count", "choice"}:
            raise ValueError(f"name is {self.name!r}, which templates use for something else; take another")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f'choices belong to type = "choice", and {self.name!r} is of type {self.type!r}')
        if self.type != "number" and (self.min is not None or self.max is not None):
            raise ValueError(f'min and max belong to type = "number", and {self.name!r} is of type {self.type!r}')
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is {self.min:g} and max is {self.max:g}: no number fits {self.name!r}")
        return self


class CommandSection(ActionSection):
    """One of the streamer's own commands."""

    name: CommandName
    aliases: tuple[CommandName, ...] = ()
    summary: str = Field("", max_length=100)
    parameters: tuple[ParameterSection, ...] = Field((), max_length=10)
    least_role: Role = Role.VIEWER
    first_timers: bool = True
    followed_for: float = Field(0.0, ge=0)
    cooldown: float = Field(0.0, ge=0)
    viewer_cooldown: float | None = Field(None, ge=0)
    cooldown_from: Literal["use", "speech"] = "use"
    per_stream: int | None = Field(None, ge=1)
    bits: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _is_usable(self) -> Self:
        if self.is_nothing:
            raise ValueError(for_pages(f"{self.name!r} does nothing: give answer, tell, script, act, count or choose"))
        names = [each.name for each in self.parameters]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"parameters: {sorted(twice)} are there twice; each needs a name of its own")
        optional = [each.optional for each in self.parameters]
        if optional != sorted(optional):
            raise ValueError("parameters: one that is needed comes after one that is optional; put it first")
        if self.cooldown_from == "speech" and self.tell is None:
            raise ValueError('cooldown_from is "speech", and only what is told the companion is answered: give tell')
        if self.least_role is Role.BOT:
            raise ValueError("least_role is 'bot', and bots use no commands: give viewer, subscriber, vip or moderator")
        self.check_templates(frozenset(names))
        return self


class CommandsSection(Section):
    """The viewers' commands."""

    enabled: bool = True
    prefix: Annotated[str, written(r"[^\w\s/@<]{1,3}", "1 to 3 signs, such as !")] = "!"
    others: tuple[CommandName, ...] = ()
    viewer_cooldown: float = Field(5.0, ge=0)
    answers_per_minute: float = Field(20.0, gt=0, le=600)
    answers_at_once: int = Field(5, ge=1, le=100)
    own: tuple[CommandSection, ...] = Field((), max_length=200)

    @field_validator("own")
    @classmethod
    def _names_differ(cls, own: tuple[CommandSection, ...], info: ValidationInfo) -> tuple[CommandSection, ...]:
        known: set[str] = set()
        for name in (name for command in own for name in (command.name, *command.aliases)):
            if name in known:
                raise ValueError(f"two commands are called {name!r}; give one of them another name")
            if name in info.data.get("others", ()):
                raise ValueError(f"{name!r} is left to other bots by others; take it out of one of the two")
            known.add(name)
        return own
