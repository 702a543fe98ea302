"""What a core and the web processes before it agree on: where it listens, and how it knows that one of them asks.

A core behind web processes is asked by nobody else. Each request has to bring the core's secret, and says for whom it
is: without that, everything would seem to come from this machine, and to be the streamer's own.
"""

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from relay.system.addresses import local_address

SECRET: Final = "X-Relay-Secret"
"""The header that only a web process of this relay can have right."""
CLIENT: Final = "X-Forwarded-For"
"""The address of who asks."""
HOST: Final = "X-Forwarded-Host"
"""The name they call the web process by."""
SCHEME: Final = "X-Forwarded-Proto"
PREFIX: Final = "X-Forwarded-Prefix"
"""The path under which they find this companion, such as `/c/ann`; "" for the only one."""
FORWARDED_PREFIX: Final = web.RequestKey("forwarded prefix", str)
"""The same, in requests that came through a web process."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class CoreAddress:
    """Where a core is asked, and with what secret."""

    url: str
    """Such as `http://127.0.0.1:40123`, as web processes reach it."""
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Upstream:
    """Where a core listens for web processes."""

    host: str
    port: int
    """With 0 a free one."""
    name: str = ""
    """What other machines call this one by; "" where `host` will do."""
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    def address(self, port: int) -> CoreAddress:
        """Where it is asked once it listens at this port."""
        return CoreAddress(local_address(self.name or self.host, port), self.secret)

    def watch(self, app: web.Application) -> None:
        """Let nobody else ask, and let those behind this believe who asks. Comes before what looks at that."""
        app.middlewares.append(self._admit)

    @web.middleware
    async def _admit(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        told = request.headers
        if not hmac.compare_digest(_bytes(told.get(SECRET, "")), self.secret.encode()):
            raise web.HTTPForbidden(text="this is for the relay's own web process: open the page that that one serves")
        seen = request.clone(host=told.get(HOST, ""), remote=told.get(CLIENT, ""), scheme=told.get(SCHEME, "http"))
        seen[FORWARDED_PREFIX] = told.get(PREFIX, "")
        return await handler(seen)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
