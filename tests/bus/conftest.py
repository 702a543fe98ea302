import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from relay.bus.calls import RemoteCalls
from relay.bus.presence import Presence
from relay.bus.pubsub import PubSub
from tests.doubles.redis_server import RedisServer, connection_to
from tests.support import PATIENCE


@pytest.fixture
def namespace() -> str:
    return f"test:{uuid.uuid4().hex}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is slow on a busy machine is not gone, and has time to say that it goes."""
    monkeypatch.setattr("relay.bus.presence.ALIVE_FOR", 10 * PATIENCE)
    monkeypatch.setattr("relay.bus.presence.LEAVE_WITHIN", PATIENCE)
    monkeypatch.setattr("relay.bus.lease.RELEASE_WITHIN", PATIENCE)


class Process:
    """What one process has of the bus."""

    def __init__(self, url: str, namespace: str) -> None:
        self.connection = connection_to(url, 2 * PATIENCE)  # no command goes there twice
        self.pubsub = PubSub(self.connection)
        self.presence = Presence(self.connection, self.pubsub, namespace)
        self.calls = RemoteCalls(self.pubsub, self.presence)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Process"]:
        rooms = [asyncio.create_task(room.run()) for room in (self.pubsub, self.presence, self.calls)]
        try:
            yield self
        finally:
            for room in reversed(rooms):
                room.cancel()
                await asyncio.wait({room})
            await self.connection.close()


@pytest.fixture
async def processes(redis_server: RedisServer, namespace: str) -> AsyncIterator[tuple[Process, Process]]:
    """Two of one relay."""
    async with AsyncExitStack() as stack:
        first, second = (Process(redis_server.url, namespace) for _ in range(2))
        yield await stack.enter_async_context(first.running()), await stack.enter_async_context(second.running())
