"""What one process at a time does."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from pydantic import SecretStr

from relay.application.processes.standby import MakeSure, alone
from relay.bus.bus import Bus
from relay.config import InboxSection
from tests.doubles.redis_server import RedisServer
from tests.support import eventually

Start = Callable[[str], Awaitable[asyncio.Task[None]]]


@pytest.fixture
def at_work() -> set[str]:
    """The processes that do it."""
    return set()


@pytest.fixture
def relay() -> str:
    """Its name."""
    return f"ann-{uuid.uuid4().hex}"


@pytest.fixture
async def start(
    redis_server: RedisServer, relay: str, at_work: set[str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Has another process, of this name, do it or stand by. None of them is late with a sign of life."""
    monkeypatch.setattr("relay.bus.renewals.RENEWALS", 300)
    settings = InboxSection(engine="redis", url=SecretStr(redis_server.url), lease=60.0)

    @asynccontextmanager
    async def running(name: str) -> AsyncIterator[asyncio.Task[None]]:
        async def work(_: MakeSure) -> None:
            at_work.add(name)
            try:
                await asyncio.Event().wait()
            finally:
                at_work.discard(name)

        async with Bus(settings, relay).running() as bus:
            task = asyncio.create_task(alone(bus, "adapter", work))
            try:
                yield task
            finally:
                task.cancel()
                await asyncio.wait({task})

    async with AsyncExitStack() as stack:
        yield lambda name: stack.enter_async_context(running(name))


async def test_one_does_it_and_the_next_when_that_one_is_gone(start: Start, at_work: set[str]) -> None:
    first = await start("first")
    await eventually(lambda: at_work == {"first"})
    await start("second")
    assert at_work == {"first"}

    first.cancel()
    await asyncio.wait({first})
    await eventually(lambda: at_work == {"second"})


async def test_who_slept_while_another_took_over_stops(
    redis_server: RedisServer, relay: str, start: Start, at_work: set[str]
) -> None:
    await start("first")
    await eventually(lambda: at_work == {"first"})
    with redis_server.admin as admin:
        space = f"{{relay:{relay}:adapter}}"
        assert admin.set(f"{space}:lease", "another, process", px=60_000, xx=True)
        admin.set(f"{space}:owner", "another, process")
    await eventually(lambda: not at_work)
