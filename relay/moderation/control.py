"""One entry of the moderators' command set: what it is called, what it takes, and how that is written."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from relay.model import Caller, ControlInfo
from relay.moderation.completion import Complete, nothing
from relay.moderation.switching import Mistake
from relay.moderation.wording import quoted, unquoted


@dataclass(frozen=True)
class ControlCall:
    """One use of a control."""

    name: str
    argument: str
    by: Caller

    @property
    def words(self) -> str:
        return f"{self.name} {self.argument}".strip()


Run = Callable[[ControlCall], Awaitable[str]]


@dataclass(frozen=True)
class Control:
    """One entry of the command set."""

    name: str
    summary: str
    run: Run
    argument: str | None = None
    form: str = ""
    complete: Complete = nothing
    optional: bool = False
    """Whether the argument may be left out."""

    @property
    def info(self) -> ControlInfo:
        required = self.argument is not None and not self.optional
        return ControlInfo(
            name=self.name, summary=self.summary, argument=self.argument, form=self.form, required=required
        )

    @property
    def usage(self) -> str:
        return f"{self.name} [{self.form}]" if self.optional else f"{self.name} {self.form}".strip()

    def taken(self, rest: str) -> str:
        """The argument, out of what stands behind the name. Raises Mistake."""
        argument = unquoted(rest)
        if argument and self.argument is None:
            raise Mistake(f"{quoted(argument)} is too much.")
        if not argument and self.info.required:
            raise Mistake("Something is missing.")
        return argument
