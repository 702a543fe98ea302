"""What tests of the memory share: a store in a file, a Voxta that keeps what it is told, and time that stands still."""

from collections.abc import AsyncIterator, Container, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from relay.config import FiltersSection, MemorySection
from relay.errors import VoxtaUnavailable
from relay.memory.base import MemoryStore
from relay.memory.context import KEY, PeopleContext
from relay.memory.notes import NoteFilter
from relay.memory.sqlite import SqliteMemory
from relay.model import Forward, SendAs
from relay.moderation.switches import Switches
from relay.voxta.chat import JoinedChat
from relay.wire.messages import ContextText

NOW = 1_700_000_000.0
DAY = 86_400.0


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Voxta:
    """Keeps what the character knows of people."""

    def __init__(self) -> None:
        self.chat: JoinedChat | None = JoinedChat("s", "c", "Streamer", [], None)
        self.knows: list[str] = []
        self.calls = 0
        self.is_away = False

    async def update_context(
        self, key: str, contexts: Sequence[ContextText] = (), set_flags: Sequence[str] = ()
    ) -> None:
        assert key == KEY
        if self.is_away:
            raise VoxtaUnavailable("away")
        self.calls += 1
        self.knows = [context.text for context in contexts]


def note_filter(switches: Switches | None = None, quiet: Container[str] = (), **settings: Any) -> NoteFilter:
    return NoteFilter(FiltersSection(**settings), lambda: switches or Switches(), quiet)


def context_of(store: MemoryStore, voxta: Voxta, clock: Clock, **settings: Any) -> PeopleContext:
    return PeopleContext(
        MemorySection(**settings),
        store,
        voxta,
        clean=note_filter(),
        labels={"twitch": "Twitch", "discord": "Discord"},
        clock=clock,
        wall=clock,
    )


@asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[MemoryStore]:
    store = SqliteMemory(folder / "memory.db", timeout=10)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def forward(*viewers: str, names: Sequence[str] = ()) -> Forward:
    return Forward(
        id="f",
        keys=(),
        send_as=SendAs.USER,
        body="hi",
        origins=(),
        authors=viewers,
        names=tuple(names),
        chat_id="c",
        after_index=0,
    )
