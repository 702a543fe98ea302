"""What the companion is told beside the queue and answers at once, whatever it was doing."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from relay.application.composition import Relay
from relay.errors import VoxtaError
from relay.model import Forward
from relay.speech.floor import FloorState

SILENT_WITHIN: Final = 3.0
"""Seconds the companion has to fall silent before it is spoken to all the same."""


async def fall_silent(relay: Relay) -> None:
    """Give up what is said or thought of, and wait for Voxta to know."""
    relay.voice.silence()
    await until(relay, lambda: relay.floor.state(time.monotonic()) is FloorState.IDLE, SILENT_WITHIN)


async def interject(relay: Relay, forward: Forward) -> None:
    """Have this answered next. Raises VoxtaError, and the floor is free then."""
    relay.floor.asked(time.monotonic())
    relay.events.asking(forward)
    try:
        await relay.session.send(forward)
    except VoxtaError:
        relay.floor.released()
        relay.events.unasked(forward)
        relay.events.changed()
        raise


async def until(relay: Relay, is_so: Callable[[], bool], within: float) -> bool:
    """Wait for what comes about with a change of who speaks; whether it did."""
    news = asyncio.Event()
    with relay.events.changed.told_to(news.set), suppress(TimeoutError):
        async with asyncio.timeout(within):
            while not is_so():
                news.clear()
                await news.wait()
    return is_so()
