"""One open overlay page: its WebSocket, which never makes the relay wait."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from relay.web.overlay.messages import FromPage, Hello, Ping, ToPage, parse

PING_EVERY: Final = 1.0
"""Seconds between two questions whether the page is still alive; its script has to answer, not just the browser."""
SILENCE: Final = 3.0
"""Seconds without a word after which a page counts as gone."""
MAX_WAITING: Final = 256
"""Messages that may wait for a slow page before it is dropped."""
CLOSE_GRACE: Final = 1.0
"""Seconds for the closing handshake."""
MAX_MESSAGE: Final = 4_096
"""Bytes of a message from a page."""

Farewell = tuple[int, str]


class PageConnection:
    """Speaks to one page. `send` never waits: whoever does not keep up is dropped and may come again."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.BaseTransport) -> None:
        self._socket = socket
        self._transport = transport
        self._outgoing: asyncio.Queue[ToPage] = asyncio.Queue(MAX_WAITING)

    def send(self, message: ToPage) -> None:
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """End the connection at once."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()

    async def run(self, hear: Callable[[FromPage], None]) -> Farewell:
        """Hand over what the page says until it is gone or breaks the rules; answers how to take leave of it."""
        self.send(Hello())
        async with asyncio.TaskGroup() as tasks:
            sending = [tasks.create_task(self._write(), name="overlay-write"), tasks.create_task(self._ping())]
            try:
                return await self._read(hear)
            finally:
                for task in sending:
                    task.cancel()

    async def close(self, farewell: Farewell) -> None:
        """Say why and end the connection, whether or not the page takes part."""
        code, reason = farewell
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_GRACE):
                await self._socket.close(code=code, message=reason.encode()[:120])
        self.drop()

    async def _read(self, hear: Callable[[FromPage], None]) -> Farewell:
        while True:
            try:
                received = await self._socket.receive(timeout=SILENCE)
            except TimeoutError:
                return WSCloseCode.GOING_AWAY, f"silent for {SILENCE:.0f} s"
            if received.type is WSMsgType.BINARY:
                return WSCloseCode.UNSUPPORTED_DATA, "text only"
            if received.type is not WSMsgType.TEXT:
                return WSCloseCode.OK, ""
            try:
                message = parse(received.data)
            except ValueError as error:
                return WSCloseCode.POLICY_VIOLATION, str(error)
            hear(message)

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                message = await self._outgoing.get()
                await self._socket.send_str(message.model_dump_json())

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            self.send(Ping())
