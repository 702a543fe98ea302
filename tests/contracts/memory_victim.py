"""Notes about people taken in a process of its own, to be killed at any moment. Says on stdout which are kept."""

import asyncio
import itertools
import sys
from collections.abc import Mapping
from functools import partial

from relay.memory.records import Acquaintance, Note, noted
from tests.contracts.remembering import MemoryEngine, known, put

MOST = 1_000


def with_note(note: Note, found: Mapping[str, Acquaintance]) -> Mapping[str, Acquaintance | None]:
    return {"twitch:1": noted(found["twitch:1"], note, MOST)}


async def main(engine: MemoryEngine) -> None:
    async with engine.opened() as store:
        await put(store, known("twitch:1"))
        for number in itertools.count():
            note = Note(text=f"note {number}", by="companion", at=float(number))
            await store.change(["twitch:1"], partial(with_note, note))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


def live(engine: MemoryEngine) -> None:
    asyncio.run(main(engine))
