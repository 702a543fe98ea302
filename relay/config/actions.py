"""What somebody in the audience can bring about: with a command, or with a reward."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from relay.config.base import Section, written
from relay.config.connections import ActName
from relay.config.forwarding import TEMPLATE_FIELDS, Telling, check_fields, fields_in


def _check_answer(template: str) -> str:
    if not template.strip() or template.lstrip()[0] in "/!.":
        raise ValueError(
            f"{template!r} must not be empty nor begin with /, ! or .: chats and bots read those as commands"
        )
    fields_in(template)
    return template


Answer = Annotated[str, AfterValidator(_check_answer)]
Name = Annotated[str, written(r"[A-Za-z0-9_]{1,64}", "1 to 64 letters, digits and _")]


class ActCall(Section):
    """One of the scenario's acts, with what it is told; the arguments are templates."""

    name: ActName
    arguments: dict[str, str] = Field(default_factory=dict)


class ActionSection(Section):
    """One of these: tell the companion, raise a script event, do an act, count, choose, or only answer.

    With an act, a counter or a choice, `answer` is what is posted when it is done. With none of them, nothing is done.
    """

    tell: Telling | None = None
    script: Name | None = None
    """Which of the scenario's listeners hears of it."""
    act: ActCall | None = None
    count: Name | None = None
    """The name of a counter, kept in the store; `{count}` is what it has come to."""
    choose: tuple[Annotated[str, Field(min_length=1, max_length=400)], ...] = ()
    """Texts of which one is drawn, as `{choice}`; none comes again before each has come."""
    answer: Answer | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        given = [name for name in ("tell", "script", "act", "count", "choose") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are too much: give one of them, and another command for the other")
        if self.answer and given in (["tell"], ["script"]):
            raise ValueError(
                f"answer and {given[0]} are too much: with {given[0]}, the companion answers; leave answer out"
            )
        return self

    @property
    def is_nothing(self) -> bool:
        return not (self.tell or self.script or self.act or self.count or self.choose or self.answer)

    @property
    def own_fields(self) -> frozenset[str]:
        """What templates may use because of what is done."""
        return frozenset({"count"} if self.count else {"choice"} if self.choose else ())

    @property
    def templates(self) -> tuple[str, ...]:
        """Every template of it."""
        told = self.tell.templates if self.tell else ()
        acted = tuple(self.act.arguments.values()) if self.act else ()
        return (*told, *acted, *((self.answer,) if self.answer else ()))

    def check_templates(self, own: frozenset[str] = frozenset()) -> None:
        """Raises ValueError when a template uses a field that is neither everybody's nor one of its `own`."""
        for template in self.templates:
            check_fields(template, TEMPLATE_FIELDS | self.own_fields | own)
