"""Runs a relay: its rooms in one task group, between the opening of its stores and their closing."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from relay.application.composition import Relay
from relay.application.describing import condition_of
from relay.application.heartbeat import Heartbeat
from relay.system import shutdown


@asynccontextmanager
async def running(relay: Relay, heartbeat: Heartbeat | None = None) -> AsyncIterator[asyncio.Task[None]]:
    """Open the inbox and run the relay while the context lasts, and its heartbeat; the task fails when it does."""
    await relay.inbox.open()
    try:
        if relay.memory is not None:
            await relay.memory.open()
        async with (heartbeat or Heartbeat()).of(relay.heartbeat_file, lambda: condition_of(relay)):
            task = asyncio.create_task(_run(relay), name="relay")
            try:
                yield task
            finally:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
    finally:
        if relay.memory is not None:
            await relay.memory.close()
        await relay.inbox.close()


async def until(task: asyncio.Task[None], work: asyncio.Task[None]) -> None:
    """Wait for `work`, or for the relay to fail before it is done."""
    done, _ = await asyncio.wait({task, work}, return_when=asyncio.FIRST_COMPLETED)
    if work not in done:
        work.cancel()
    for finished in done:
        finished.result()


async def _run(relay: Relay) -> None:
    await relay.restore()
    async with asyncio.TaskGroup() as tasks:
        for name, room in relay.rooms():
            tasks.create_task(_vital(name, room), name=name)


async def _vital(name: str, room: Coroutine[Any, Any, None]) -> None:
    """Run a room whose failure ends the run: the others then have to end in time."""
    try:
        await room
    except Exception as error:
        shutdown.begin(f"{name} failed ({error})")
        raise
