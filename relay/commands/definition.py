"""What a command is, whoever brings it along: the relay, the streamer's settings or a running scenario."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from relay.config import ActionSection, CommandSection, ParameterSection, Telling
from relay.model import AudienceMessage, CommandInfo, ParameterInfo, Role, SendAs


@dataclass(frozen=True, slots=True)
class Use:
    """A command as somebody used it."""

    command: "Command"
    message: AudienceMessage
    text: str
    """All that stands behind the name."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """By the names of the parameters, checked; "" for one that was left out. As hostile as any chat."""

    @property
    def viewer(self) -> str:
        return self.message.viewer


@dataclass(frozen=True, slots=True)
class Confidential:
    """An answer that only who asked may read."""

    text: str
    in_public: str
    """What is answered instead where others read along."""


Answer = str | Confidential
"""What to answer; "" for nothing."""
Do = ActionSection | Callable[[Use], Awaitable[Answer]]
"""What the relay does itself: an action, or a function that says what to answer."""


@dataclass(frozen=True)
class Command:
    """A command. Exactly one of `tell` and `do` is given."""

    name: str
    summary: str = ""
    """What it is good for, in a few words."""
    tell: Telling | None = None
    """How a use of it is told to the companion."""
    do: Do | None = None
    """What the relay does itself instead."""
    aliases: tuple[str, ...] = ()
    parameters: tuple[ParameterSection, ...] = ()
    least_role: Role = Role.VIEWER
    first_timers: bool = True
    """Whether it may be the first thing somebody writes."""
    followed_for: float = 0.0
    """Seconds since a viewer has followed, where that is known."""
    cooldown: float = 0.0
    """Seconds after a use until anybody may use it again."""
    viewer_cooldown: float = 0.0
    """The same for each viewer."""
    per_stream: int | None = None
    """How often in one stream."""
    bits: int = 0
    """What has to be cheered with it."""
    title: str = ""
    """What viewers know it by, where they do not call it by its name."""
    is_general: bool = False
    """What it answers is the same for everybody, and so not worth a whisper."""
    is_question: bool = False
    """It puts a question to the companion, and does nothing else."""
    completes: str = ""
    """Its parameter that is the name of a command."""
    rests_from_speech: bool = False
    """Its cooldowns count from when the answer is over."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    @property
    def form(self) -> str:
        """How its arguments are written, such as `SONG [TIMES]`."""
        return " ".join(map(_form, self.parameters))

    @property
    def is_personal(self) -> bool:
        """Its answer concerns nobody but who asked."""
        return self.do is not None and not isinstance(self.do, ActionSection)

    @property
    def info(self) -> CommandInfo:
        """As platforms offer it. What the relay brings along answers the person who asks."""
        return CommandInfo(
            name=self.name,
            summary=self.summary,
            parameters=tuple(
                ParameterInfo.model_validate(each.model_dump(include=set(ParameterInfo.model_fields)))
                for each in self.parameters
            ),
            is_told=self.tell is not None,
            is_personal=self.is_personal,
            is_question=self.is_question,
            completes=self.completes,
        )

    @classmethod
    def of(cls, section: CommandSection, cooldown: float) -> Self:
        """One of the streamer's own; `cooldown` is that of a viewer where it names none."""
        tell = section.tell
        if section.script:
            tell = script_event(f"command.{section.name}", section.parameters)
        viewer_cooldown = section.viewer_cooldown
        return cls(
            name=section.name,
            summary=section.summary,
            tell=tell,
            do=None if tell else section,
            aliases=section.aliases,
            parameters=section.parameters,
            least_role=section.least_role,
            first_timers=section.first_timers,
            followed_for=section.followed_for,
            rests_from_speech=section.cooldown_from == "speech",
            cooldown=section.cooldown,
            viewer_cooldown=cooldown if viewer_cooldown is None else viewer_cooldown,
            per_stream=section.per_stream,
            bits=section.bits,
        )


def script_event(name: str, parameters: tuple[ParameterSection, ...]) -> Telling:
    """A call of the scenario's listener `app:<name>` with who used the command, and its arguments."""
    own = {each.name: f"{{{each.name}}}" for each in parameters}
    usual = {each: f"{{{each}}}" for each in ("author", "platform", "text")}
    return Telling(send_as=SendAs.SCRIPT, template="{author}{quote}", script=name, arguments=usual | own)


def _form(parameter: ParameterSection) -> str:
    shown = "|".join(parameter.choices) if parameter.choices else parameter.name.upper()
    return f"[{shown}]" if parameter.optional else shown
