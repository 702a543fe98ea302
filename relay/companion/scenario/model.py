"""What a scenario is made of. Files use snake_case, apps and scripts the wire's camelCase; both are read."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from relay.companion.scenario.flags import NAME, check_change, check_condition
from relay.text.patterns import compiled

Scalar = bool | int | float | str
"""What a variable or an argument holds."""
MAIN: Final = "main"
"""The role of a scenario's first character, where it names none."""
TARGETS: Final = ("user", "assistant")
"""What a target can be beside a scenario role."""
PATTERN_LIMIT: Final = 2_000
"""Characters of a regular expression."""


def _condition(text: str) -> str:
    check_condition(text)
    return text


def _change(text: str) -> str:
    check_change(text)
    return text


def _pattern(text: str) -> str:
    compiled(text, longest=PATTERN_LIMIT, flags=regex.IGNORECASE)
    return text


def _scalar(value: Any) -> Any:
    if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError(f"{value!r:.80} is no text, number, true or false")


Condition = Annotated[str, AfterValidator(_condition)]
"""On flags: `a && !b.c || (d)`; an empty one always holds."""
Change = Annotated[str, AfterValidator(_change)]
"""Of flags: `a` and `a.b` set, `!a` and `!a.b` unset."""
Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression, searched for without regard to case."""
Variable = Annotated[Scalar, BeforeValidator(_scalar)]
# Lengths stand beside the patterns: `\w{1,200}` is every letter there is, 200 times: 18 MB and 0.1 s.
RoleName = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$", max_length=40)]
ScriptPath = Annotated[str, Field(pattern=r"^[\w./ -]+$", max_length=200)]
"""A file of the scenario's folder, such as scripts/greet.js."""


class ScenarioPart(BaseModel):
    """A piece of a scenario. An unknown key is an error."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, defer_build=True
    )


class EventWindow(ScenarioPart):
    """From when to when, both inclusive: in conversation messages, or in seconds of chat time."""

    min: float = Field(0, ge=0, allow_inf_nan=False)
    max: float | None = Field(None, ge=0, allow_inf_nan=False)
    since: str = ""
    """Counted from the last time this flag was set; empty: from the start of the chat."""

    @field_validator("since")
    @classmethod
    def _is_a_flag(cls, name: str) -> str:
        if name and (name.startswith("!") or not NAME.fullmatch(name)):
            raise ValueError(f"{name[:80]!r} is not one flag; write it as in drank or mood.happy")
        return name

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError(f"max {self.max:g} is less than min {self.min:g}")
        return self


class StoryPrompt(ScenarioPart):
    """Something the story writer makes of a prompt."""

    text: str = Field(min_length=1)
    max_new_tokens: int | None = Field(None, ge=1)
    max_sentences: int | None = Field(None, ge=1)


class Effect(ScenarioPart):
    """What happens, in this order."""

    set_flags: tuple[Change, ...] = ()
    note: str = ""
    instructions: str = ""
    secret: str = ""
    event: str = ""
    story: StoryPrompt | None = None
    script: ScriptPath | None = None

    @field_validator("story", mode="before")
    @classmethod
    def _may_be_just_text(cls, story: Any) -> Any:
        return {"text": story} if isinstance(story, str) else story


class Conditional(ScenarioPart):
    """What events and actions share: all conditions have to hold."""

    name: str = Field(min_length=1, max_length=80)
    enabled: bool = True
    target: str = ""
    """Whose message it has to be: `user`, `assistant` (any character) or a scenario role; empty: anybody's."""
    match: Pattern = ""
    """Searched for in the text of the message."""
    once: bool = False
    """Whether it happens only once in a chat."""
    flags: Condition = ""
    probability: float = Field(1.0, ge=0, le=1)
    messages: EventWindow | None = None
    """How many messages of people and characters there were."""
    time: EventWindow | None = None
    """How many seconds of chat time went by."""
    effect: Effect = Field(default_factory=Effect)

    @model_validator(mode="before")
    @classmethod
    def _flags_filter(cls, data: Any) -> Any:
        """Apps call the condition `flagsFilter`."""
        if isinstance(data, dict) and "flagsFilter" in data:
            data = dict(data)
            data["flags"] = data.pop("flagsFilter") or ""
        return data


class Event(Conditional):
    """Happens when its conditions hold."""


class Timing(StrEnum):
    """When an action may be chosen."""

    AFTER_USER_MESSAGE = "AfterUserMessage"
    BEFORE_ASSISTANT_MESSAGE = "BeforeAssistantMessage"
    AFTER_ASSISTANT_MESSAGE = "AfterAssistantMessage"
    MANUAL = "Manual"


class Argument(ScenarioPart):
    """A value the model fills in when it chooses an action."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$", max_length=64)
    type: Literal["string", "integer", "float", "number", "double", "boolean"] = "string"
    description: str = ""
    required: bool = False

    @field_validator("type", mode="before")
    @classmethod
    def _in_any_case(cls, name: Any) -> Any:
        return name.lower() if isinstance(name, str) else name


class Action(Conditional):
    """Happens when the model chooses it, or on demand."""

    description: str = ""
    layer: str = ""
    """Of each layer at most one action is chosen at a time."""
    timing: Timing = Timing.AFTER_USER_MESSAGE
    arguments: tuple[Argument, ...] = ()
    cancel_reply: bool = False
    """Whether no reply follows when it is chosen."""


class ConditionalContext(ScenarioPart):
    """Something characters should know while its condition on the flags holds."""

    text: str = Field(min_length=1)
    name: str | None = None
    disabled: bool = False
    flags: Condition = ""
    roles: tuple[RoleName, ...] = ()
    """Who knows it; empty: every character."""


class Character(ScenarioPart):
    """Somebody who takes part."""

    role: RoleName = MAIN
    name: str = Field(min_length=1, max_length=32)
    persona: str = ""
    """Who they are, for the model; empty: `companion.persona`."""
    enabled: bool = True
    narrator: bool = False
    """Reads events and stories aloud, and does not take part in the talk."""
    creator_notes: str | None = None
    assets: tuple[str, ...] = ()


class Bootstrap(ScenarioPart):
    """A message that stands at the beginning of each new chat."""

    role: Literal["User", "Assistant", "Event", "Note", "Secret", "Instructions"] = "Assistant"
    scenario_role: RoleName | None = None
    """Which character says it; only for Assistant. Without one, the first does."""
    text: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_said_by_a_character(self) -> Self:
        if self.scenario_role is not None and self.role != "Assistant":
            raise ValueError(f"scenario_role goes with role Assistant, not {self.role}")
        return self


class Scenario(ScenarioPart):
    """A whole scenario."""

    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    """Where it takes place and what it is about, for the model."""
    script: ScriptPath | None = None
    """Run when a chat is opened; its listeners hear of everything."""
    flags: tuple[Change, ...] = ()
    """Set in each new chat."""
    variables: dict[str, Variable] = {}
    characters: tuple[Character, ...] = Field(min_length=1)
    contexts: tuple[ConditionalContext, ...] = ()
    bootstrap: tuple[Bootstrap, ...] = ()
    events: tuple[Event, ...] = ()
    actions: tuple[Action, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if wrong := [*self._misfits()]:
            raise ValueError("\n".join(wrong))
        return self

    def _misfits(self) -> Iterator[str]:
        roles = [character.role for character in self.characters]
        yield from _doubles("characters", "role", roles)
        yield from _doubles("events", "name", [event.name for event in self.events])
        yield from _doubles("actions", "name", [action.name for action in self.actions])
        for role in {*roles} & {*TARGETS}:
            yield f"characters: the role {role!r} means others where messages are aimed at; give it another name"
        if all(character.narrator for character in self.characters):
            yield "characters: all are narrators; at least one has to take part"
        if sum(character.narrator for character in self.characters) > 1:
            yield "characters: there is more than one narrator"
        for place, message in enumerate(self.bootstrap):
            yield from _strangers(f"bootstrap[{place}].scenario_role", [message.scenario_role or ""], roles)
        for place, context in enumerate(self.contexts):
            yield from _strangers(f"contexts[{place}].roles", context.roles, roles)
        for kind, parts in (("events", self.events), ("actions", self.actions)):
            for part in parts:
                yield from _strangers(f"{kind} {part.name!r}: target", [part.target], [*TARGETS, *roles])

    @property
    def scripts(self) -> frozenset[str]:
        """All script files it names."""
        effects = [part.effect.script for part in (*self.events, *self.actions)]
        return frozenset(path for path in (self.script, *effects) if path is not None)


def _doubles(kind: str, key: str, values: list[str]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{kind}: more than one has the {key} {value!r}; give each its own"


def _strangers(key: str, values: Iterable[str], known: list[str]) -> Iterator[str]:
    for value in values:
        if value and value not in known:
            yield f"{key} is {value!r}; known are {', '.join(known)}"
