"""What a scenario may bring about in the stream: declared, typed, and each allowed on its own. A leaf.

An act is asked for by an app trigger with its arguments in their order, or by an action with their names.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from relay.errors import RelayError


class ActRefused(RelayError):
    """An act that was asked for in a way it cannot be done. Its text names the argument."""


class Arguments(BaseModel):
    """What an act is told; the order of the fields is that of an app trigger's arguments."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)


@dataclass(frozen=True)
class Act:
    """Something the relay can do for a scenario."""

    name: str
    arguments: type[Arguments]
    perform: Callable[[Any], Awaitable[str]]
    """Does it; says what was done. Raises RelayError."""

    async def __call__(self, given: Sequence[Any] | Mapping[str, Any]) -> str:
        """Do it with these arguments. Raises RelayError, ActRefused among them."""
        return await self.perform(self._read(given))

    def _read(self, given: Sequence[Any] | Mapping[str, Any]) -> Arguments:
        fields = list(self.arguments.model_fields)
        if not isinstance(given, Mapping):
            if len(given) > len(fields):
                raise ActRefused(f"{self.name} takes {', '.join(fields) or 'no arguments'}; {len(given)} were given")
            given = dict(zip(fields, given, strict=False))
        known = {name: value for name, value in given.items() if value is not None}
        try:
            return self.arguments.model_validate(known)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(map(str, problem["loc"])) or "arguments"
            raise ActRefused(f"{self.name}: {where}: {problem['msg']}, not {problem['input']!r:.80}") from None
