"""The desk of a running relay: its topics and actions, put together from who knows of what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from relay import __version__
from relay.application.composition import Relay
from relay.application.desk import strip
from relay.application.desk.controls import control_actions
from relay.application.desk.strip import Strip
from relay.web.desk.desk import Desk


@asynccontextmanager
async def desk_of(relay: Relay) -> AsyncIterator[Desk]:
    """For as long as the context lasts, it follows what happens."""
    desk = Desk(about=lambda: {"version": __version__, "character": _character(relay)})
    desk.topics.add(Strip(relay).topic)
    desk.actions.add(*control_actions(relay.controls))
    looking = asyncio.create_task(_look(desk), name="desk-look")
    try:
        yield desk
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _look(desk: Desk) -> None:
    while True:
        desk.topics.look()
        await asyncio.sleep(strip.EVERY)


def _character(relay: Relay) -> str | None:
    chat = relay.session.chat
    return chat.characters[0].name if chat is not None and chat.characters else None
