"""The embedded companion on the network: SignalR's negotiation and WebSocket, as a Voxta server has them."""

import asyncio
import hmac
import secrets
import time
from collections import deque
from functools import partial
from typing import Final, Self
from urllib.parse import urlsplit

from aiohttp import web

from relay.companion.brain import Brain
from relay.companion.chat import Clock
from relay.companion.connection import CLOSE_GRACE, Connection
from relay.companion.handlers import receive
from relay.companion.hub import Hub
from relay.companion.minds import brain_for
from relay.errors import ConfigError
from relay.settings import CompanionSection
from relay.wire import signalr

COOKIE: Final = "voxta_companion"
TOKENS: Final = 1_024
"""How many connection tokens are remembered; the oldest is forgotten first."""


class CompanionServer:
    """Serves the companion's chats to Voxta clients. `async with` starts and stops it.

    `brain` takes the place of the configured one. `keep_alive` and `silence_limit` are seconds: a ping after so
    long without anything sent, and the end of a client after so long without anything received.
    """

    def __init__(
        self,
        settings: CompanionSection,
        *,
        clock: Clock = time.time,
        brain: Brain | None = None,
        keep_alive: float = signalr.PING_EVERY,
        silence_limit: float = signalr.SILENCE_LIMIT,
    ) -> None:
        self._settings = settings
        self._hub = Hub(settings, brain or brain_for(settings), clock)
        self._keep_alive = keep_alive
        self._silence_limit = silence_limit
        self._cookie = secrets.token_urlsafe(16)
        self._tokens: deque[str] = deque(maxlen=TOKENS)
        self._connections: set[Connection] = set()
        self._runner: web.AppRunner | None = None
        self._port = settings.port

    @property
    def url(self) -> str:
        """The address for clients; with port 0 known once started."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._settings.host, self._settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def start(self) -> None:
        """Listen. Raises ConfigError when the address cannot be had."""
        app = web.Application()
        app.on_response_prepare.append(self._let_pages_read)
        app.router.add_post("/hub/negotiate", self._negotiate)
        app.router.add_options("/hub/negotiate", self._preflight)
        app.router.add_get("/hub", self._serve)
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=CLOSE_GRACE + 1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ConfigError(
                f"companion.port: {self._settings.host}:{self._settings.port} cannot be had ({error.strerror}); "
                "set companion.port to a free port, or 0 for any"
            ) from None
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """End the chats, send every client the close frame, and let go of the port."""
        self._hub.close_chats()
        for connection in self._connections:
            connection.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._hub.close()

    async def serve_forever(self) -> None:
        """Start, and serve until cancelled."""
        async with self:
            await asyncio.Event().wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def _negotiate(self, request: web.Request) -> web.Response:
        self._admit(request)
        token = secrets.token_urlsafe(24)
        self._tokens.append(token)
        response = web.json_response(
            {
                "negotiateVersion": 1,
                "connectionId": secrets.token_urlsafe(16),
                "connectionToken": token,
                "availableTransports": [{"transport": "WebSockets", "transferFormats": ["Text"]}],
            }
        )
        response.set_cookie(COOKIE, self._cookie, httponly=True, samesite="Lax")
        return response

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        self._admit(request)
        if request.query.get("id") not in self._tokens:
            raise web.HTTPNotFound(text="no such connection: negotiate first, then connect with ?id=<connectionToken>")
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._cookie.encode()):
            raise web.HTTPForbidden(text="the cookie that came with the negotiation is missing")
        socket = web.WebSocketResponse(autoping=False, compress=False, timeout=CLOSE_GRACE)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None
        connection = Connection(socket, transport, keep_alive=self._keep_alive, silence_limit=self._silence_limit)
        client = self._hub.connect(connection.send)
        self._connections.add(connection)
        try:
            await connection.run(partial(receive, hub=self._hub, sender=client))
        finally:
            self._connections.discard(connection)
            self._hub.disconnect(client)
        return socket

    async def _preflight(self, request: web.Request) -> web.Response:
        """A browser asks whether a page may negotiate; `_let_pages_read` answers."""
        return web.Response(status=204)

    async def _let_pages_read(self, request: web.Request, response: web.StreamResponse) -> None:
        origin = request.headers.get("Origin")
        if origin is not None and self._is_own(origin, request):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "")
            response.headers["Vary"] = "Origin"

    def _admit(self, request: web.Request) -> None:
        """Refuse pages of other sites, and clients without the key where one is set."""
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_own(origin, request):
            raise web.HTTPForbidden(text="pages of other sites may not talk to the companion")
        key = self._settings.access_key
        if key is not None:
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            given = given.strip() if scheme.lower() == "bearer" else request.query.get("access_token", "")
            if not hmac.compare_digest(given.encode(), key.get_secret_value().encode()):
                raise web.HTTPUnauthorized(text="a valid API key is missing: send it as Authorization: Bearer")

    def _is_own(self, origin: str, request: web.Request) -> bool:
        try:
            host = urlsplit(origin).hostname
        except ValueError:
            return False
        # The address the client reached us at, rather than the Host header, which a hostile DNS name could fill.
        reached = request.transport.get_extra_info("sockname") if request.transport else None
        return host in {"localhost", "127.0.0.1", "::1", self._settings.host, reached[0] if reached else None}
