"""What tests of viewers' commands share: a store in a file, and uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from relay.commands.definition import Command, Use
from relay.inbox.sqlite import SqliteInbox
from relay.model import AudienceMessage
from tests.contracts.samples import NOON, message


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[SqliteInbox]:
    inbox = SqliteInbox(folder / "inbox.db", max_count=1_000, timeout=10.0, clock=lambda: NOON)
    await inbox.open()
    try:
        yield inbox
    finally:
        await inbox.close()


async def answer(command: Command, by: AudienceMessage | None = None, **arguments: str) -> str:
    """What the relay answers to a use."""
    assert callable(command.do)
    said = await command.do(Use(command, by or message("use", at=NOON + 30), "", arguments))
    assert isinstance(said, str)
    return said


def named(commands: Any, name: str) -> Command:
    found: Command = next(each for each in commands if name in each.names)
    return found
