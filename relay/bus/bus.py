"""All of what a process says to the others of its relay."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

from relay.bus.calls import RemoteCalls
from relay.bus.connection import RedisConnection
from relay.bus.lease import Lease
from relay.bus.namespace import key_in, namespace_of
from relay.bus.presence import Presence
from relay.bus.pubsub import PubSub
from relay.bus.server import ServerLooks
from relay.bus.stream import RedisStream
from relay.config import InboxSection
from relay.errors import InboxError
from relay.system.cancellation import checkpoint


class Bus:
    """For the relay called `name`, which may serve one companion of the same name, or many."""

    def __init__(self, settings: InboxSection, name: str) -> None:
        self.namespace = namespace_of(name)
        self._lease_seconds = settings.lease
        self.connection = RedisConnection(settings)
        self.pubsub = PubSub(self.connection)
        self.presence = Presence(self.connection, self.pubsub, self.namespace)
        self.calls = RemoteCalls(self.pubsub, self.presence)
        self.looks = ServerLooks(self.connection)
        self._announcements: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    def lease(self, space: str, on_loss: Callable[[], object] = lambda: None) -> Lease:
        """On what the whole relay has once, such as the posting on a platform; see Lease."""
        return Lease(self.connection, f"{self.namespace}:{space}", self._lease_seconds, on_loss=on_loss)

    def stream(self, space: str, name: str, lease: Lease | None = None, *, most: int = 0) -> RedisStream:
        """A list of the whole relay's, with at most so many. Who reads it has the lease on the space."""
        return RedisStream(self.connection, self.pubsub, key_in(f"{self.namespace}:{space}", name), lease, most=most)

    def companion_stream(self, companion: str, name: str, lease: Lease | None = None, *, most: int = 0) -> RedisStream:
        """A list of one companion's. Who reads it has its inbox."""
        return RedisStream(self.connection, self.pubsub, key_in(namespace_of(companion), name), lease, most=most)

    def channel(self, name: str) -> str:
        """Where something with this name is told to whoever listens."""
        return f"{self.namespace}:{name}"

    def announce(self, name: str, said: Any) -> None:
        """Tell it there, soon; what is fit for JSON. Nobody waits for it, and nobody who listens later hears it."""
        self._announcements.put_nowait((self.channel(name), json.dumps(said).encode()))

    async def _announce(self) -> None:
        while True:
            checkpoint()
            channel, said = await self._announcements.get()
            with suppress(InboxError):
                await self.pubsub.tell(channel, said)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """For as long as the context lasts. Raises ConfigError and InboxError."""
        await self.connection.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                runs = (self.pubsub.run, self.calls.run, self._announce, self.presence.run)
                rooms = [tasks.create_task(run()) for run in runs]
                try:
                    yield self
                finally:
                    for room in reversed(rooms):
                        room.cancel()
                        await asyncio.wait({room})
        finally:
            await self.connection.close()

    async def get_note(self, name: str) -> str | None:
        """See the platforms' Notes: what adapters keep."""
        value = await self.connection.ask(self.connection.client.hget, self._notes, name)
        return None if value is None else value.decode()

    async def set_note(self, name: str, value: str) -> None:
        """See the platforms' Notes."""
        await self.connection.ask(self.connection.client.hset, self._notes, name, value)

    @property
    def _notes(self) -> str:
        return key_in(self.namespace, "adapters")
