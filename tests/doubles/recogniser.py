"""Voxta's audio input, which keeps what it hears."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Recogniser:
    """Serves `/ws/audio/input/stream`."""

    def __init__(self) -> None:
        self.sessions: list[str] = []
        self.requests: list[web.Request] = []
        self.headers: list[dict[str, Any]] = []
        self.blocks: list[bytes] = []
        self.arrivals: list[float] = []
        self.refusals = 0
        """How many of the next connections are refused."""
        self.sockets: list[web.WebSocketResponse] = []
        self.url = ""

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        self.requests.append(request)
        if self.refusals > 0:
            self.refusals -= 1
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sessions.append(request.query["sessionId"])
        self.sockets.append(socket)
        self.headers.append(json.loads(await socket.receive_str()))
        async for frame in socket:
            self.blocks.append(frame.data)
            self.arrivals.append(asyncio.get_running_loop().time())
        return socket

    @property
    def open(self) -> int:
        return sum(not socket.closed for socket in self.sockets)

    async def drop(self) -> None:
        await self.sockets[-1].close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Recogniser"]:
        app = web.Application()
        app.router.add_get("/ws/audio/input/stream", self._serve)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()
