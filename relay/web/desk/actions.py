"""What can be done from outside: one table for the desk, the HTTP API and press-once addresses."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from relay.errors import RelayError
from relay.model import Caller, Role

log = logging.getLogger(__name__)

WITHIN: Final = 30.0
"""Seconds an action may take; one may have to wait for Voxta or a platform."""

Code = Literal["unknown", "invalid", "forbidden", "gone", "unavailable", "timeout", "failed"]
"""`unknown`: there is no such action. `invalid`: what was given does not fit. `gone`: what was meant is not there any
more. `unavailable`, `timeout`: trying again may help. `failed`: the text or the relay's log says why."""


class DeskError(Exception):
    """An action was not done; the text is fit to be shown."""

    def __init__(self, code: Code, text: str, field: str | None = None) -> None:
        """`field` is the one that does not fit, where it is one's fault."""
        super().__init__(text)
        self.code = code
        self.field = field

    def shown(self) -> dict[str, str]:
        """As callers are told."""
        told = {"code": self.code, "text": str(self)}
        return told | {"field": self.field} if self.field else told


class Fields(BaseModel):
    """What an action is given. Descriptions of the fields are shown to those who call it."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class NoFields(Fields):
    """Nothing."""


FieldsT = TypeVar("FieldsT", bound=Fields)


@dataclass(frozen=True)
class DeskAction(Generic[FieldsT]):
    """One thing that can be done."""

    name: str
    summary: str
    fields: type[FieldsT]
    run: Callable[[FieldsT, Caller], Awaitable[object]]
    """Answers something that JSON can hold. Raises DeskError, or any RelayError."""
    role: Role = Role.MODERATOR
    """Who may: a moderator, or the streamer alone."""
    within: float = WITHIN
    """Seconds after which whoever waits is told that it took too long."""


class DeskActions:
    """All of them, by name."""

    def __init__(self) -> None:
        self._table: dict[str, DeskAction[Any]] = {}

    def __iter__(self) -> Iterator[DeskAction[Any]]:
        return iter(self._table.values())

    def find(self, name: str) -> DeskAction[Any] | None:
        """The one of this name."""
        return self._table.get(name)

    def add(self, *actions: DeskAction[Any]) -> None:
        """Offer more. Raises ValueError for a name that is taken."""
        for action in actions:
            if action.name in self._table:
                raise ValueError(f"there is an action {action.name!r} already")
            self._table[action.name] = action

    async def do(self, name: str, given: object, by: Caller) -> object:
        """Do it with the fields that were given, an object. Raises DeskError and nothing else."""
        action = self._table.get(name)
        if action is None:
            raise DeskError("unknown", f"there is no {name[:40]!r}; there are {', '.join(self._table)}", "do")
        if not by.may_act_as(action.role):
            raise DeskError("forbidden", f"{name} is for the streamer alone")
        fields = checked(action.fields, given)
        try:
            async with asyncio.timeout(action.within):
                return await action.run(fields, by)
        except TimeoutError:
            raise DeskError("timeout", f"{name} was not done within {action.within:g} s: try again") from None
        except RelayError as error:
            raise DeskError("unavailable" if error.retryable else "failed", str(error)) from None
        except DeskError:
            raise
        except Exception:  # a stream must not end because of one action
            log.exception("the action %s failed", name)
            raise DeskError("failed", f"{name} did not work; the log of the relay says why") from None


def checked(fields: type[FieldsT], given: object) -> FieldsT:
    """The fields, or a DeskError that names the first one that does not fit."""
    try:
        return fields.model_validate({} if given is None else given)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(map(str, problem["loc"])) or "with"
    known = ", ".join(fields.model_fields) or "none"
    raise DeskError("invalid", f"{where}: {problem['msg']} (known fields: {known})", where[:100])
