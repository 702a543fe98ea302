"""Who may come in: programs and our own pages, with the token where one is set; never pages of other sites."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from aiohttp import hdrs, web

from relay.config import WebSection, is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC: Final = "/static/"
"""Where the pages' own scripts and styles are: the same for everybody, so they need no token."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# OBS puts what a streamer writes into "Custom CSS" into the page as a <style>, which takes 'unsafe-inline' for styles.
_OVERLAY: Final = "/overlay"
_OVERLAY_POLICY: Final = _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks every request before anything is done for it, WebSockets included."""

    def __init__(self, settings: WebSection) -> None:
        self._settings = settings

    def watch(self, app: web.Application) -> None:
        """Guard all of an application."""
        app.middlewares.append(self._admit)
        app.on_response_prepare.append(_harden)

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._is_own_name(request.host) or not _is_own_page(request):
            raise web.HTTPForbidden(text="not for pages of other sites, nor under another site's name")
        if not request.path.startswith(PUBLIC) and not self._has_token(request):
            raise web.HTTPUnauthorized(
                text="the token is missing or wrong: add ?token=… to a page, or send Authorization: Bearer …"
            )
        return await handler(request)

    def _is_own_name(self, host: str) -> bool:
        """A host name of another site that was made to point here would let its pages in as our own.

        With a token such a page gets nothing, and a machine in the network may have any name.
        """
        return not self._settings.is_local or is_loopback(_split(f"//{host}").hostname or "")

    def _has_token(self, request: web.Request) -> bool:
        if self._settings.token is None:
            return True
        scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer":
            given = request.query.get("token", "")
        return hmac.compare_digest(given.encode(), self._settings.token.get_secret_value().encode())


def _is_own_page(request: web.Request) -> bool:
    """Browsers name the page that asks in every POST and WebSocket; programs name none."""
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is None or _split(origin).netloc == request.host


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers["Content-Security-Policy"] = _OVERLAY_POLICY if request.path == _OVERLAY else _POLICY
