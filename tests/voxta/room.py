"""A Voxta with one open chat whose ids tests know, and which says whatever a test likes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.doubles.voxta import Switches, VoxtaDouble, signalr
from tests.voxta.said import CHAT, SESSION


@asynccontextmanager
async def room(**switches: Any) -> AsyncIterator[VoxtaDouble]:
    """A server on which somebody has opened a chat."""
    async with VoxtaDouble(Switches(**switches)) as voxta:
        chat = await voxta.open_elsewhere()
        chat.session_id, chat.chat_id = SESSION, CHAT
        yield voxta


async def say(voxta: VoxtaDouble, *messages: Any) -> None:
    """Give the newest client these, as they are."""
    for message in messages:
        await voxta.hub.clients[-1].put(signalr.receive_message(message))


def connections(voxta: VoxtaDouble) -> int:
    """How often somebody has come."""
    return len(voxta.received("authenticate"))
