"""A client's connection to the hub, as the server sees it."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.voxta import signalr
from tests.doubles.voxta.checks import Message
from tests.doubles.voxta.wire import Wire

Identity = tuple[str | None, str]
"""The API key and the name a client authenticated with: who owns a chat, also after it connected again."""


@dataclass(eq=False)
class HubClient:
    request: web.Request
    socket: web.WebSocketResponse
    wire: Wire
    key: str | None
    """The API key it showed when it connected."""
    name: str = ""
    """Empty until it was welcomed."""
    scopes: frozenset[str] = frozenset()
    capabilities: Message = field(default_factory=dict)
    inspects: bool = False
    """Asked to be told contexts and actions."""

    @property
    def identity(self) -> Identity:
        return (self.key, self.name)

    @property
    def plays(self) -> bool:
        return self.capabilities.get("audioOutput") == "Url"

    @property
    def streams(self) -> bool:
        return self.capabilities.get("audioInput") == "WebSocketStream"

    async def send(self, message: Message) -> None:
        for frame in self.wire.frames(message):
            await self.put(signalr.receive_message(frame))

    async def complete(self, invocation_id: str | None, error: str | None = None) -> None:
        """Answer an invocation; one without an id wants no answer."""
        if invocation_id is not None:
            await self.put(signalr.completion(invocation_id, error))

    async def put(self, record: dict[str, Any]) -> None:
        with contextlib.suppress(ConnectionError):
            await self.socket.send_str(signalr.encode(record))

    def drop(self) -> None:
        """Cut the connection, without a goodbye."""
        if isinstance(self.request.transport, asyncio.Transport):
            self.request.transport.abort()
