"""The server for people, OBS, games and stream decks: the desk, the overlay page and the HTTP API, on one port."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from aiohttp import hdrs, web

from relay.config import WebSection
from relay.system.http_server import HttpServer
from relay.web.access import AccessLinks
from relay.web.api.routes import ApiRoutes
from relay.web.desk.desk import Desk
from relay.web.desk.routes import DeskRoutes, wants_page
from relay.web.gateway.api import ApiActions, Gateway
from relay.web.guard import Guard
from relay.web.overlay.routes import OverlayRoutes
from relay.web.overlay.sink import OverlaySink
from relay.web.proxy.trust import CoreAddress, Upstream

MAX_BODY: Final = 16_384
"""Bytes of a request."""
STOP_GRACE: Final = 1.0
"""Seconds for requests under way when the server stops."""
PORT_TAKEN: Final = "set web.port to a free port and use it in OBS, or end the program that has it"
LISTEN_TAKEN: Final = "set it to an address of this machine, with port 0 for a free one"


class WebServer:
    """Serves while the context lasts. Raises ConfigError when the address cannot be had.

    The guard looks at every request first; what is behind it need not ask again.
    """

    def __init__(
        self,
        settings: WebSection,
        actions: ApiActions,
        overlay: OverlaySink,
        links: AccessLinks,
        *,
        sounds: Path | None = None,
        desk: Desk | None = None,
        pictures: Path | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        """With `upstream` it is asked by web processes alone, there."""
        self._overlay = OverlayRoutes(overlay, sounds, pictures)
        desk = desk or Desk()
        self._desk = DeskRoutes(desk)
        self._app = app = web.Application(client_max_size=MAX_BODY)
        if upstream is not None:
            upstream.watch(app)
        Guard(settings, links).watch(app)
        self.gateway = Gateway(actions)
        self.gateway.add_to(app)
        self._overlay.add_to(app)
        self._desk.add_to(app)
        ApiRoutes(desk).add_to(app)
        app.router.add_get("/", self._front)
        self._upstream = upstream
        host, port = (settings.host, settings.port) if upstream is None else (upstream.host, upstream.port)
        self._http = HttpServer(app, host, port, stop_within=STOP_GRACE)

    async def _front(self, request: web.Request) -> web.StreamResponse:
        return await (self._desk.page(request) if wants_page(request) else self.gateway.about(request))

    def calls(self) -> Iterator[tuple[str, str]]:
        """All that is served, as method and path."""
        for route in self._app.router.routes():
            if route.resource is not None and route.method != hdrs.METH_HEAD:
                yield route.method, route.resource.canonical

    @property
    def url(self) -> str:
        """The address on this machine, without the token; with port 0 known once started."""
        return self._http.url

    @property
    def core(self) -> CoreAddress | None:
        """Where web processes ask, once started; None where none may."""
        return self._upstream.address(self._http.port) if self._upstream is not None else None

    async def __aenter__(self) -> Self:
        if self._upstream is None:
            await self._http.start_where_set("web.port", PORT_TAKEN)
        else:
            await self._http.start_where_set("processes.listen", LISTEN_TAKEN)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._overlay.close()
        self._desk.close()
        self.gateway.clients.end_all()
        await self._http.stop()
