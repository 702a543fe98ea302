"""What supervisors and Prometheus ask a process, without a token: is it alive, is it ready, what does it measure?"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Self

from aiohttp import web

from relay.config import OperationsSection, is_loopback
from relay.system.http_server import HttpServer
from relay.system.readiness import ALIVE, Readiness, is_ready

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format, which every scraper reads."""
MAX_BODY: Final = 1024
"""Bytes of a request; none needs any."""

MetricsText = Callable[[], Awaitable[bytes]]
"""In Prometheus' text format."""


class ProbeServer:
    """Serves while the context lasts. Raises ConfigError when the address cannot be had.

    That the loop answers is what it means to be alive. What it tells is fit for strangers: no token is asked for, as
    kubelets and scrapers bring none.
    """

    def __init__(self, settings: OperationsSection, readiness: Readiness, metrics: MetricsText) -> None:
        self._settings = settings
        self._readiness = readiness
        self._metrics = metrics
        app = web.Application(client_max_size=MAX_BODY, middlewares=[self._guard])
        self._answers = {"/livez": self._live, "/readyz": self._ready, "/metrics": self._show_metrics}
        for path, answer in self._answers.items():
            app.router.add_get(path, answer)
        self._http = HttpServer(app, settings.host, settings.port, stop_within=1.0)

    @property
    def url(self) -> str:
        """The address on this machine; with port 0 known once started."""
        return self._http.url

    def paths(self) -> Iterable[str]:
        """All that can be asked."""
        return self._answers

    async def __aenter__(self) -> Self:
        remedy = "set operations.port to a free port, another one for each process on this machine"
        await self._http.start_where_set("operations.port", remedy)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.stop()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """No web page, and on this machine alone no host name that was made to point here."""
        is_elsewhere = is_loopback(self._settings.host) and not is_loopback(request.url.host or "")
        if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers or is_elsewhere:
            raise web.HTTPForbidden(text="not for web pages")
        return await handler(request)

    async def _live(self, _: web.Request) -> web.Response:
        return web.Response(text=ALIVE)

    async def _ready(self, _: web.Request) -> web.Response:
        states = await self._readiness.states()
        lines = [f"[{'+' if state.is_met else '-'}] {name} {state.words}" for name, state in states.items()]
        ready = is_ready(states)
        lines.append("ready" if ready else "not ready")
        return web.Response(text="\n".join([*lines, ""]), status=200 if ready else 503)

    async def _show_metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=await self._metrics(), headers={"Content-Type": METRICS_TYPE})
