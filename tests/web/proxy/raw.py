"""Ends of connections that do what no library does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from relay.web.proxy.trust import CoreAddress


class RawCore:
    """Accepts, notes what it is asked, and does with the connection what a test wants."""

    def __init__(self, answer: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
        self.asked: list[str] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._answer = answer

    def cut(self) -> None:
        """End all connections: since Python 3.12 a server waits for them when it ends."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        try:
            await self._answer(writer)
        finally:
            writer.transport.abort()

    @property
    def lines(self) -> list[str]:
        """The first line of each request."""
        return [head.partition("\r\n")[0] for head in self.asked]


@asynccontextmanager
async def raw_core(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[tuple[RawCore, CoreAddress]]:
    core = RawCore(answer)
    server = await asyncio.start_server(core.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            yield core, CoreAddress(f"http://127.0.0.1:{port}", "secret")
        finally:
            core.cut()


async def ok(writer: asyncio.StreamWriter) -> None:
    """An answer without a word."""
    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await writer.drain()


async def said(url: str, text: str) -> str:
    """All that a server answers to this, until it closes."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(text.replace("\n", "\r\n").encode())
        await writer.drain()
        return (await reader.read()).decode()
    finally:
        writer.transport.abort()
