"""Who may come in, and as whom: programs and our own pages, with a token where one is set; not other sites' pages."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from aiohttp import hdrs, web

from relay.config import WebSection, is_loopback
from relay.model import Caller, Role
from relay.web.access import AccessLink, AccessLinks
from relay.web.guessing import WrongTokens

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PUBLIC: Final = "/static/"
"""Where the pages' own scripts and styles are: the same for everybody, so they need no token."""
PRESS: Final = "/press/"
"""Where press-once addresses are: each ends with its own key and needs no token besides."""
MODERATORS: Final = ("/", "/health", "/dock", "/dock/", "/desk/", "/api/", "/openapi.json")
"""What a moderator's link opens: the desk, and what is made from its actions, each of which asks for a role itself.

What ends with a slash stands for all below it, but for the front page."""
SOURCE: Final = "web"
"""Where callers come from, in the audit log."""
STREAMER: Final = Caller(source=SOURCE, name="streamer", roles=frozenset({Role.STREAMER}), in_private=True)
"""Who has the owner's token, or is on this machine where none is set."""
CALLER: Final = web.RequestKey("caller", Caller)
"""Who asks; in every request but those for what is public."""
LINK: Final = web.RequestKey("link", AccessLink)
"""What they came in by, where that is a link."""
KEPT_WAITING: Final = 64
"""Who brings wrong tokens waits, but not more at a time: whoever waits has a connection that others may need."""
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# OBS puts what a streamer writes into "Custom CSS" into the page as a <style>, which takes 'unsafe-inline' for styles.
_OVERLAY: Final = "/overlay"
_OVERLAY_POLICY: Final = (
    _POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
    .replace("img-src 'self'", "img-src 'self' blob:")  # pictures that were asked for with the token
    .replace("frame-ancestors 'none'", "frame-ancestors 'self'")  # the desk shows it as it will look
)
AWAKE: Final = "/static/awake"
"""Tells pages from anywhere that the relay is there, and nothing else: the file that OBS opens waits for it."""
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks every request before anything is done for it, WebSockets included, and notes in it who asks."""

    def __init__(self, settings: WebSection, links: AccessLinks) -> None:
        self._settings = settings
        self._links = links
        self._wrong_tokens = WrongTokens()
        self._kept_waiting = 0

    def watch(self, app: web.Application) -> None:
        """Guard all of an application."""
        app.middlewares.append(self._admit)
        app.on_response_prepare.append(_harden)

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == AWAKE:
            return await handler(request)
        if not self._is_own_name(request.host) or not _is_own_page(request):
            raise web.HTTPForbidden(text="not for pages of other sites, nor under another site's name")
        if request.path.startswith(PUBLIC):
            return await handler(request)
        given = _given(request)
        link = self._links.find(given) if given else None
        if link is not None and _opens(link, request):
            return await self._by_link(link, request, handler)
        if request.path.startswith(PRESS) or not self._is_streamers(given, request):
            await self._refuse(request, link, given)
        request[CALLER] = STREAMER
        return await handler(request)

    def _is_own_name(self, host: str) -> bool:
        """A host name of another site that was made to point here would let its pages in as our own.

        With a token such a page gets nothing; a machine in the network, or a tunnel to here, may have any name.
        """
        return self._settings.token is not None or is_loopback(_split(f"//{host}").hostname or "")

    def _is_streamers(self, given: str, request: web.Request) -> bool:
        if self._settings.token is None:
            return is_loopback(request.remote or "")
        return hmac.compare_digest(_bytes(given), self._settings.token.get_secret_value().encode())

    async def _by_link(self, link: AccessLink, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer until the link is withdrawn."""
        if link.act is None and not _is_for_moderators(request.path):
            raise web.HTTPForbidden(text="this is for the streamer alone")
        request[LINK] = link
        request[CALLER] = Caller(
            source=SOURCE, name=link.name, id=link.id, roles=frozenset({Role.MODERATOR}), in_private=True
        )
        use = asyncio.timeout(None)
        try:
            async with use:
                with self._links.in_use(link, use):
                    await self._links.note_use(link)
                    return await handler(request)
        except TimeoutError:
            if not use.expired():
                raise
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the link was withdrawn") from None

    async def _refuse(self, request: web.Request, link: AccessLink | None, given: str) -> None:
        """Raises, later each time somebody tries another token. One that is right, but elsewhere, is no guess."""
        wait = self._wrong_tokens.wait_after(request.remote or "") if given and link is None else 0.0
        if wait and self._kept_waiting < KEPT_WAITING:
            self._kept_waiting += 1
            try:
                await asyncio.sleep(wait)
            finally:
                self._kept_waiting -= 1
        raise web.HTTPUnauthorized(
            text="the token is missing or wrong: add ?token=… to a page, or send Authorization: Bearer …"
        )


def _given(request: web.Request) -> str:
    """The secret that comes with a request, or ""."""
    if request.path.startswith(PRESS):
        return request.path.removeprefix(PRESS)
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return given if scheme.lower() == "bearer" else request.query.get("token", "")


def _opens(link: AccessLink, request: web.Request) -> bool:
    """Press-once keys open their address alone, and the others anything but those."""
    return request.path.startswith(PRESS) is (link.act is not None)


def _is_for_moderators(path: str) -> bool:
    return any(
        path == open_to or (len(open_to) > 1 and open_to.endswith("/") and path.startswith(open_to))
        for open_to in MODERATORS
    )


def _is_own_page(request: web.Request) -> bool:
    """Browsers name the page that asks in every POST and WebSocket; programs name none."""
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is None or _split(origin).netloc == request.host


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
    response.headers["Content-Security-Policy"] = _OVERLAY_POLICY if request.path == _OVERLAY else _POLICY
    if request.path == AWAKE:
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Access-Control-Allow-Origin"] = "*"
