"""How to open a memory of either engine, here or in a process of its own, and what is in its files."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relay.memory.base import MemoryStore
from relay.memory.records import Acquaintance, Note
from relay.memory.redis import RedisMemory
from relay.memory.sqlite import SqliteMemory
from tests.doubles.redis_server import connection_to

TIMEOUT = 60.0


@dataclass(frozen=True)
class MemoryEngine:
    """One store, which may be opened several times, also at once."""

    name: str
    place: str
    """A file or an address."""
    folder: str
    """Where the engine keeps its files."""
    namespace: str = ""
    settings: tuple[tuple[str, Any], ...] = ()
    """Further ones of the way to Redis."""

    def build(self) -> MemoryStore:
        if self.name == "sqlite":
            return SqliteMemory(Path(self.place), timeout=TIMEOUT)
        return RedisMemory(connection_to(self.place, TIMEOUT, **dict(self.settings)), namespace=self.namespace)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[MemoryStore]:
        store = self.build()
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    def holds(self, text: str) -> bool:
        """Whether these bytes are anywhere in the engine's files."""
        files = [file for file in Path(self.folder).rglob("*") if file.is_file()]
        assert files
        return any(text.encode() in _read(file) for file in files)


def known(viewer: str = "twitch:1", *notes: str, last_seen: float = 1_000.0, **more: object) -> Acquaintance:
    kept = tuple(Note(text=text, by="companion", at=last_seen) for text in notes)
    fields = {"viewer": viewer, "name": "Ann", "first_seen": 500.0, "last_seen": last_seen, "notes": kept}
    return Acquaintance.model_validate(fields | more)


async def put(store: MemoryStore, *people: Acquaintance) -> None:
    wanted = {person.viewer: person for person in people}
    await store.change(list(wanted), lambda _: wanted)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:  # a server writes anew under another name, and may have removed this one since
        return b""
