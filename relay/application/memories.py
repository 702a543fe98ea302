"""What the streamer does with the memory from a terminal, whether or not a relay runs beside."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from relay.config.loading import Config
from relay.errors import ConfigError
from relay.inbox.ledger import well_formed
from relay.memory.base import MemoryStore
from relay.memory.build import build_store
from relay.memory.context import people_of
from relay.memory.records import Acquaintance
from relay.memory.wording import for_viewer
from relay.platforms import listed
from relay.system.private_files import write_private

VERSION: Final = 1
"""Of the form of an export."""
_PEOPLE: Final = TypeAdapter(list[Acquaintance])


async def export(config: Config, file: Path) -> str:
    """Write all that is remembered into a file that its owner alone can read. Raises ConfigError, MemoryUnavailable."""
    async with _store(config) as store:
        people = [person.model_dump(mode="json") async for person in store.everyone()]
    made = {"version": VERSION, "relay": config.relay.name, "at": time.time(), "people": people}
    try:
        write_private(file, json.dumps(made, ensure_ascii=False, indent=1))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error}") from None
    return f"{len(people)} accounts are in {file}"


async def take_in(config: Config, file: Path) -> str:
    """Put back what was exported; who is known already is as in the file then. Raises as `export`."""
    people = _read(file)
    async with _store(config, make=True) as store:
        for person in people:
            await store.change([person.viewer], lambda _, known=person: {known.viewer: known})  # type: ignore[misc]
    return f"{len(people)} accounts are remembered from {file}"


def _read(file: Path) -> list[Acquaintance]:
    try:
        read = json.loads(file.read_text("utf-8"))
        if read["version"] != VERSION:
            raise ConfigError(f"{file}: is of another version of the relay ({read['version']!r:.20}, not {VERSION})")
        return _PEOPLE.validate_python(read["people"])
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None
    except (ValueError, TypeError, LookupError):
        raise ConfigError(f"{file}: is no export of a memory") from None


async def show(config: Config, viewer: str) -> str:
    """What is remembered of somebody, one paragraph for each person meant. Raises as `export`."""
    async with _store(config) as store:
        people = await people_of(store, await _meant(store, viewer))
    return "\n\n".join(
        f"{person.name} ({', '.join(sorted(person.accounts))})\n" + "\n".join(for_viewer(person, label=_label))
        for person in people
    )


async def delete(config: Config, viewer: str) -> str:
    """Erase all that is remembered of one person, with their linked accounts. Raises as `export`."""
    async with _store(config) as store:
        meant = await _meant(store, viewer)
        people = await people_of(store, meant)
        if len(people) > 1:
            raise ConfigError(f"{viewer} may be any of these, so name one: {', '.join(meant)}")
        accounts = sorted(people[0].accounts)
        await store.change(accounts, lambda known: dict.fromkeys(known), erase=True)
    return f"forgotten: {', '.join(accounts)}"


async def _meant(store: MemoryStore, viewer: str) -> list[str]:
    """The accounts called so, by `platform:id` or by name. Raises ConfigError when there is none."""
    viewer = well_formed(viewer)
    if await store.get([viewer]):
        return [viewer]
    wanted = viewer.removeprefix("@").casefold()
    found = [person.viewer async for person in store.everyone() if person.name.casefold() == wanted]
    if not found:
        raise ConfigError(f"nobody called {viewer} is remembered; a name as in the chat, or platform:id, is needed")
    return found


def _label(platform: str) -> str:
    return listed.labels().get(platform, platform)


@asynccontextmanager
async def _store(config: Config, *, make: bool = False) -> AsyncIterator[MemoryStore]:
    """Also where the memory is switched off: what was remembered before may still be there. Raises ConfigError."""
    if not make and config.inbox.engine == "sqlite" and not config.memory_path.is_file():
        raise ConfigError(f"nothing is remembered: there is no {config.memory_path}")
    store = build_store(config)
    await store.open()
    try:
        yield store
    finally:
        await store.close()
