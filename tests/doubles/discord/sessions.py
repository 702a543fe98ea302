"""A session of the gateway: it outlives its socket, and what it was sent can be replayed."""

import asyncio
import json
import secrets
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.doubles.discord.pages import EVENTS
from tests.doubles.discord.world import Json

DISPATCH = 0
GUILD_MEMBERS, GUILD_MODERATION, GUILD_MESSAGES, MESSAGE_CONTENT = 1 << 1, 1 << 2, 1 << 9, 1 << 15
"""Gateway intents."""


def packing(compression: str) -> Callable[[bytes], bytes]:
    """A stream that ends with each payload. Gateway, "Transport Compression": zlib-stream and zstd-stream.

    Python can do the second since 3.14, and discord.py wants it wherever Python can.
    """
    if sys.version_info >= (3, 14) and compression == "zstd-stream":
        from compression import zstd

        packer = zstd.ZstdCompressor()
        return lambda payload: packer.compress(payload, packer.FLUSH_BLOCK)
    assert compression == "zlib-stream", compression
    stream = zlib.compressobj()
    return lambda payload: stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH)


class Socket:
    """One WebSocket with its own compression stream."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport, compression: str) -> None:
        self._ws = ws
        self._transport = transport
        self._pack = packing(compression)
        self._taken: list[float] = []

    def is_flooded(self, now: float) -> bool:
        """Whether the client sends more than it may. Gateway, "Rate Limiting": 120 payloads a minute."""
        self._taken = [at for at in self._taken if now - at < 60.0] + [now]
        return len(self._taken) > 120

    async def send(self, op: int, data: Any = None, sequence: int | None = None, event: str | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "s": sequence, "t": event}).encode()
        frame = self._pack(text)
        if not self._ws.closed and not self._transport.is_closing():
            await self._ws.send_bytes(frame)

    async def send_event(self, event: Json) -> None:
        await self.send(DISPATCH, event["d"], event["s"], event["t"])

    async def close(self, code: int) -> None:
        await self._ws.close(code=code)

    def abort(self) -> None:
        """Cut the line: no close frame."""
        if not self._transport.is_closing():
            self._transport.abort()


@dataclass(eq=False)
class Session:
    """It is told of what happens in its guilds, in each once that is available to it."""

    intents: int
    me: str
    """The bot's id."""
    shard: tuple[int, int] = (0, 1)
    """Which of how many. Gateway, "Sharding"."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    events: list[Json] = field(default_factory=list)
    """Everything dispatched, in order: a resume replays from here."""
    socket: Socket | None = None
    guilds: set[str] = field(default_factory=set)
    """Those that were described to it."""

    async def record(self, name: str, data: Json) -> None:
        assert name in EVENTS, f"{name}: name the page that describes it"
        if name.startswith("MESSAGE_") and "content" in data:
            data = self._readable(data)
        event = {"t": name, "d": data, "s": len(self.events) + 1}
        self.events.append(event)
        if self.socket is not None:
            await self.socket.send_event(event)

    def _readable(self, message: Json) -> Json:
        """Gateway, "Message Content Intent": without it a bot reads what it wrote itself or what mentions it."""
        is_mentioned = any(user["id"] == self.me for user in message["mentions"])
        if self.intents & MESSAGE_CONTENT or message["author"]["id"] == self.me or is_mentioned:
            return message
        return message | {"content": "", "attachments": [], "embeds": []}

    async def resume(self, socket: Socket, sequence: int) -> None:
        """Gateway, "Resuming": what was missed, in order, and Resumed at the end."""
        while sequence < len(self.events):
            await socket.send_event(self.events[sequence])
            sequence += 1
        self.socket = socket
        await self.record("RESUMED", {})
