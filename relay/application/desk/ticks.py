"""Which support somebody has seen to, kept in the store: whom to thank outlasts a restart."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from pydantic import TypeAdapter, ValidationError

NOTE: Final = "desk.ticks"
MOST: Final = 1_000
"""Ticks that are kept, the newest."""
_KEPT: Final = TypeAdapter(dict[str, str])


class TickNotes(Protocol):
    """What ticks need of the store; see Inbox. Each raises InboxError."""

    async def get_note(self, name: str) -> str | None: ...

    async def set_note(self, name: str, value: str) -> None: ...


class Ticks:
    """By the key of a message, the name of who ticked it off."""

    def __init__(self, notes: TickNotes) -> None:
        self._notes = notes
        self._kept: dict[str, str] | None = None
        self._changing = asyncio.Lock()

    async def all(self) -> Mapping[str, str]:
        """As they are now. Raises InboxError."""
        if self._kept is None:
            self._kept = _read(await self._notes.get_note(NOTE))
        return self._kept

    async def set(self, key: str, name: str | None) -> None:
        """Keep who has ticked it off; None takes that back. Raises InboxError, with nothing changed."""
        async with self._changing:
            others = {other: who for other, who in (await self.all()).items() if other != key}
            after = others if name is None else {**others, key: name}
            after = dict([*after.items()][-MOST:])
            await self._notes.set_note(NOTE, _KEPT.dump_json(after).decode())
            self._kept = after


def _read(note: str | None) -> dict[str, str]:
    """A damaged one has none: whom to thank is no reason for anything else to end."""
    try:
        return _KEPT.validate_json(note or "{}")
    except ValidationError:
        return {}
