"""Whether a process can do what it is for, as conditions that whoever runs services looks at."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple

from relay.errors import RelayError

ALIVE: Final = "alive\n"
"""What a process says that is."""
LOOK_WITHIN: Final = 1.0
"""Seconds that looking at one condition may take; supervisors ask every few seconds."""


class ReadyState(NamedTuple):
    """How one condition is."""

    is_met: bool
    words: str
    """A few, fit for strangers: no name, no address, no secret."""


Look = Callable[[], Awaitable[ReadyState]]

_SILENT: Final = ReadyState(False, "does not answer")
_UNDER_WAY: Final = ReadyState(False, "is under way")


class Readiness:
    """Of one process: it is ready when it has started, every condition is met, and it has not begun to end."""

    def __init__(self) -> None:
        self.is_starting = True
        self.is_ending = False
        """Whoever sends work here should send it elsewhere."""
        self._looks: dict[str, list[Look]] = {}
        """Of each condition. Companions of one process need the same store, and it is enough to look at it once."""

    def need(self, conditions: Mapping[str, Look]) -> None:
        """These have to be met, too, from now on."""
        for name, look in conditions.items():
            self._looks.setdefault(name, []).append(look)

    @contextmanager
    def needing(self, conditions: Mapping[str, Look]) -> Iterator[None]:
        """These have to be met, too, while the context lasts."""
        self.need(conditions)
        try:
            yield
        finally:
            for name, look in conditions.items():
                self._looks[name].remove(look)

    async def states(self) -> Mapping[str, ReadyState]:
        """How each condition is at this moment, by its name."""
        looks = {name: looks[-1] for name, looks in self._looks.items() if looks}
        found = await asyncio.gather(*map(_seen, looks.values()))
        begun = {"start": self.is_starting, "end": self.is_ending}
        return dict(zip(looks, found, strict=True)) | {name: _UNDER_WAY for name, is_so in begun.items() if is_so}


def is_ready(states: Mapping[str, ReadyState]) -> bool:
    return all(state.is_met for state in states.values())


async def _seen(look: Look) -> ReadyState:
    try:
        async with asyncio.timeout(LOOK_WITHIN):
            return await look()
    except (TimeoutError, RelayError):
        return _SILENT
