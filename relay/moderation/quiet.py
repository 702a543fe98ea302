"""Viewers who asked not to be told to the companion. It is their own wish, apart from what moderators do."""

import json
from collections.abc import Sequence
from typing import Final, Protocol
from zlib import crc32

from relay.text.for_pages import for_pages

LEFT_OUT: Final = for_pages("the viewer asked to be left out")
"""Why what they write is not forwarded."""
MOST: Final = 100_000
"""Viewers whose wish is kept; who comes after that is told so."""
_NOTES: Final = 64
"""So many notes hold them, so that one wish does not write all of them anew."""


class NoteStore(Protocol):
    """Small named values that outlive a restart. Both raise InboxError."""

    async def get_notes(self, names: Sequence[str]) -> list[str | None]: ...

    async def set_note(self, name: str, value: str) -> None: ...


class QuietViewers:
    """Viewers are `platform:id`. `restore` before asking; whoever asks then gets an answer at once."""

    def __init__(self, notes: NoteStore) -> None:
        self._notes = notes
        self._viewers: list[set[str]] = [set() for _ in range(_NOTES)]

    def __contains__(self, viewer: object) -> bool:
        return isinstance(viewer, str) and viewer in self._of(viewer)

    def __len__(self) -> int:
        return sum(map(len, self._viewers))

    async def restore(self) -> None:
        kept = await self._notes.get_notes([_note(number) for number in range(_NOTES)])
        for viewers, note in zip(self._viewers, kept, strict=True):
            viewers.update(json.loads(note or "[]"))

    async def leave_out(self, viewer: str) -> bool:
        """From now on, and over restarts; durable when it returns. False when there is no room for another wish."""
        if viewer not in self and len(self) >= MOST:
            return False
        self._of(viewer).add(viewer)
        await self._keep(viewer)
        return True

    async def listen_to(self, viewer: str) -> None:
        """Take the wish back."""
        self._of(viewer).discard(viewer)
        await self._keep(viewer)

    def _of(self, viewer: str) -> set[str]:
        return self._viewers[_number(viewer)]

    async def _keep(self, viewer: str) -> None:
        await self._notes.set_note(_note(_number(viewer)), json.dumps(sorted(self._of(viewer))))


def _number(viewer: str) -> int:
    return crc32(viewer.encode("utf-8", "surrogatepass")) % _NOTES


def _note(number: int) -> str:
    return f"quiet viewers {number}"
