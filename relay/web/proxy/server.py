"""The server of a web process: says which companion a request is for, and passes it on to the core that has it."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple, Protocol, Self

from aiohttp import hdrs, web
from yarl import URL

from relay.config import WebSection
from relay.errors import ConfigError
from relay.system.http_server import HttpServer
from relay.web.proxy.calls import Onward, nobody, pass_on, session
from relay.web.proxy.headers import onward
from relay.web.proxy.sockets import join, wants_socket
from relay.web.proxy.trust import CoreAddress
from relay.web.server import MAX_BODY, PORT_TAKEN, STOP_GRACE

MAX_OPEN: Final = 500
"""Requests and WebSockets of one companion at a time, so that none takes the place of the others."""
METHODS: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_POST})
"""What a core answers."""
_OWN: Final = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of answers that are not a core's, which brings its own."""
_NAMED: Final = re.compile(r"(/c/([A-Za-z0-9_-]{1,40}))([/?].*)?", re.DOTALL)


class Cores(Protocol):
    """Which cores there are."""

    @property
    def changed(self) -> asyncio.Condition:
        """Notified after each change of what `where` answers."""
        ...

    def where(self, companion: str) -> CoreAddress | None:
        """The core that serves this companion at the moment; None while none does."""
        ...


class Target(NamedTuple):
    """What a request is for."""

    companion: str
    prefix: str
    """Of the companion's addresses, such as `/c/ann`; "" for those of the only one."""
    path: str
    """As its core knows it, with the query."""


class WebProxy:
    """Serves while the context lasts. Raises ConfigError when the address cannot be had.

    Each companion is found under `/c/<name>/`, if `is_known` says that there is such a one. The only one, which `alone`
    names, has the addresses of a relay that is one process as well.
    """

    def __init__(
        self,
        settings: WebSection,
        cores: Cores,
        *,
        alone: Callable[[], str | None] = lambda: None,
        is_known: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._cores = cores
        self._alone = alone
        self._is_known = is_known
        self._open: Counter[str] = Counter()
        self._sockets: set[asyncio.Transport] = set()
        app = web.Application(client_max_size=MAX_BODY)
        app.on_response_prepare.append(_harden)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._http = HttpServer(app, settings.host, settings.port, stop_within=STOP_GRACE)

    @property
    def url(self) -> str:
        """The address on this machine; with port 0 known once started."""
        return self._http.url

    async def __aenter__(self) -> Self:
        self._asking = session()
        try:
            await self._http.start_where_set("web.port", PORT_TAKEN)
        except ConfigError:
            await self._asking.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._sockets:
            each.abort()  # pages come again by themselves
        await self._http.stop()
        await self._asking.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.method not in METHODS:
            raise web.HTTPMethodNotAllowed(request.method, METHODS)
        target = self._target(request)
        core = self._cores.where(target.companion)
        if core is None:
            raise nobody(request)
        url = URL(core.url + target.path, encoded=True)
        asked = Onward(url, onward(request, core, target.prefix))
        with self._counted(target.companion):
            if not wants_socket(request):
                return await pass_on(request, self._asking, asked)
            with self._kept(request):
                return await join(request, self._asking, asked, partial(self._moved, target.companion, core))

    def _target(self, request: web.Request) -> Target:
        path = request.rel_url.raw_path_qs
        found = _NAMED.fullmatch(path)
        if found is None or not self._is_known(found[2]):
            if (alone := self._alone()) is not None:
                return Target(alone, "", path)
            raise web.HTTPNotFound(text="there is no such companion: addresses begin with /c/ and its name\n")
        rest = found[3] or ""
        if not rest.startswith("/"):
            raise web.HTTPPermanentRedirect(f"{found[1]}/{rest}")
        return Target(found[2], found[1], rest)

    @contextmanager
    def _counted(self, companion: str) -> Iterator[None]:
        if self._open[companion] >= MAX_OPEN:
            raise web.HTTPServiceUnavailable(text=f"{MAX_OPEN} requests for this companion are under way\n")
        self._open[companion] += 1
        try:
            yield
        finally:
            self._open[companion] -= 1
            if not self._open[companion]:
                del self._open[companion]

    @contextmanager
    def _kept(self, request: web.Request) -> Iterator[None]:
        """Known to whoever ends everything."""
        if not isinstance(request.transport, asyncio.Transport):
            raise ConnectionResetError("who asked has left")
        transport = request.transport
        self._sockets.add(transport)
        try:
            yield
        finally:
            self._sockets.discard(transport)

    async def _moved(self, companion: str, core: CoreAddress) -> None:
        """Until another core has taken over from this one, which may not know that, nor be able to say it."""
        async with self._cores.changed:
            await self._cores.changed.wait_for(lambda: self._cores.where(companion) not in (core, None))


async def _harden(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _OWN.items():
        response.headers.setdefault(name, value)
