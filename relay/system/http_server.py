"""HTTP on one address, for any of our applications: closed to those who connect and then say nothing, or too often."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NoReturn

from aiohttp import web
from aiohttp.http import HttpProcessingError

from relay.errors import ConfigError
from relay.system.addresses import host_and_port, local_address
from relay.system.periodic import repeat

PATIENCE: Final = 20.0
"""Seconds a connection may be without a complete request, and a request without its body."""
PER_ADDRESS: Final = 500
"""Connections of one address that wait without a request; hundreds of clients may come back at the same moment."""
LOOK_EVERY: Final = 5.0
"""Seconds between two looks for connections that say nothing; each may stay that much longer."""
MAY_BE_CLOSED: Final = sys.platform == "win32"
"""Whether asyncio closes what listens when a client was reset before it was accepted: python/cpython#93821."""
LISTEN_AGAIN_AFTER: Final = 1.0
"""Seconds until that is noticed at the latest."""

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpServer:
    """Serves an application between `start` and `stop`, which gives requests under way `stop_within` seconds."""

    def __init__(self, app: web.Application, host: str, port: int, *, stop_within: float) -> None:
        self._host = host
        self.port = port
        """With 0 known once started."""
        app.middlewares.insert(0, self._while_at_work)
        app.middlewares.append(_with_body)
        self._runner = web.AppRunner(
            app, handle_signals=False, access_log=None, shutdown_timeout=stop_within, logger=log
        )
        self._listening: asyncio.Server | None = None
        self._watch: asyncio.Task[NoReturn] | None = None
        """Over what listens, where it may be closed."""
        self._next_look: asyncio.TimerHandle | None = None
        """None while nobody is connected."""
        self._at_work: set[object] = set()
        """Connections with a request that is being answered, or that is a WebSocket."""
        self._silent_since: dict[object, float] = {}

    @property
    def url(self) -> str:
        """The address on this machine."""
        return local_address(self._host, self.port)

    async def start(self) -> None:
        """Raises OSError when the address cannot be had."""
        await self._runner.setup()
        try:
            self._listening = await self._listen()
        except (OSError, asyncio.CancelledError):
            await self._runner.cleanup()
            raise
        self.port = self._listening.sockets[0].getsockname()[1]
        if MAY_BE_CLOSED:
            listening_again = f"listening on port {self.port} again"
            self._watch = asyncio.create_task(repeat(self._listen_again, LISTEN_AGAIN_AFTER, listening_again))

    async def start_where_set(self, setting: str, remedy: str) -> None:
        """Start at the address that this setting says. Raises ConfigError with the remedy when it cannot be had."""
        try:
            await self.start()
        except OSError as error:
            address = host_and_port(self._host, self.port)
            raise ConfigError(f"{setting}: {address} cannot be had ({error.strerror}); {remedy}") from None

    async def _listen(self) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        listening = await loop.create_server(
            lambda: _Entrance(self._let_in), self._host, self.port, start_serving=False
        )
        try:
            await listening.start_serving()
        except (OSError, asyncio.CancelledError):
            listening.close()
            raise
        return listening

    async def _listen_again(self) -> None:
        """Unless all still listens. Who is connected stays."""
        assert self._listening is not None
        sockets = self._listening.sockets
        if sockets and all(each.fileno() >= 0 for each in sockets):
            return
        self._listening.close()  # first, as others of its sockets may have the address still
        try:
            self._listening = await self._listen()
        except OSError as error:
            raise ConfigError(str(error.strerror)) from None

    async def stop(self) -> None:
        """Once started."""
        if self._listening is None:
            return
        if self._watch is not None:
            self._watch.cancel()
        try:
            await _close(self._listening)
            await self._runner.cleanup()
        finally:
            if self._next_look is not None:
                self._next_look.cancel()
                self._next_look = None

    def _let_in(self, transport: asyncio.Transport) -> asyncio.Protocol | None:
        """Who answers this connection; None when its address has enough of them, or it came too late."""
        server = self._runner.server
        if server is None or self._listening is None or not self._listening.is_serving():
            return None
        if self._next_look is None:
            self._look_later()
        address = _address(transport)
        waiting = [each for each in server.connections if each not in self._at_work]
        return server() if sum(_address(each.transport) == address for each in waiting) < PER_ADDRESS else None

    def _look_later(self) -> None:
        self._next_look = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        """Close what has been silent for too long, and look again while anybody is there."""
        now = asyncio.get_running_loop().time()
        connections = self._runner.server.connections if self._runner.server is not None else []
        self._next_look = None
        if connections:
            self._look_later()
        silent = [each for each in connections if each not in self._at_work and not _is_being_read(each.transport)]
        self._silent_since = {each: self._silent_since.get(each, now) for each in silent}
        for each in silent:
            if now - self._silent_since[each] > PATIENCE:
                each.force_close()

    @web.middleware
    async def _while_at_work(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._silent_since.pop(request.protocol, None)
        self._at_work.add(request.protocol)
        try:
            return await handler(request)
        except ConnectionResetError:
            if not _is_gone(request):
                raise
            return web.Response()  # nobody is there to read it, and nothing is wrong with us
        finally:
            self._at_work.discard(request.protocol)


class _Entrance(asyncio.Protocol):
    """Decides of a new connection who answers it, if anybody does."""

    def __init__(self, let_in: Callable[[asyncio.Transport], asyncio.Protocol | None]) -> None:
        self._let_in = let_in

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        protocol = self._let_in(transport)
        if protocol is None:
            transport.abort()
        else:
            transport.set_protocol(protocol)
            protocol.connection_made(transport)


@web.middleware
async def _with_body(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The body is there before anything is done, or not at all."""
    if request.method != "GET":
        try:
            async with asyncio.timeout(PATIENCE):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(text=f"the body did not come within {PATIENCE:g} s") from None
    return await handler(request)


async def _close(listening: asyncio.Server) -> None:
    """Let nobody in any more.

    What a selector loop has accepted becomes a connection one turn later; where the server is closed by then, asyncio
    forgets it without closing it, and who is at its other end waits for an answer for ever.
    """
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # the loop of Windows, where both happen in the same turn
        for each in listening.sockets:
            loop.remove_reader(each)
        await asyncio.sleep(0)
    listening.close()


def _is_gone(request: web.Request) -> bool:
    """Whether who asked has left."""
    return request.transport is None or request.transport.is_closing()


def _address(transport: asyncio.BaseTransport | None) -> object:
    peer = transport.get_extra_info("peername") if transport is not None else None
    return peer[0] if peer else None


def _is_being_read(transport: asyncio.WriteTransport | None) -> bool:
    """Whether an answer is still on its way out."""
    return transport is not None and transport.get_write_buffer_size() > 0


def _is_ours(record: logging.LogRecord) -> bool:
    """What is no HTTP is no fault of the relay, anybody can send it, and it may have a token in it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


log.addFilter(_is_ours)
