"""The desk on the web server: its page in every layout, the page's files, and the WebSocket."""

import asyncio
from typing import Final

from aiohttp import hdrs, web

from relay.web.desk.desk import Desk
from relay.web.desk.socket import HEARTBEAT, OpenDesk, frame_limit
from relay.web.desk.texts import texts
from relay.web.guard import CALLER
from relay.web.page_files import page_text, script, served, styles

MAX_DESKS: Final = 32
"""Pages one person has open at a time, so that nobody takes the place of the others."""
DOCKS: Final = ("next", "decide", "feed")
"""Parts of the page that may be docks of their own."""
_STYLES: Final = ("desk", "strip", "live", "feed", "try", "settings", "setup", "links")


class DeskRoutes:
    """Lets browsers in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: set[OpenDesk] = set()
        self._page = page_text("desk/desk.html")

    def add_to(self, app: web.Application) -> None:
        """Serve the desk in an application, except for `/`, which programs ask for as well."""
        for address in ("/dock", *(f"/dock/{name}" for name in DOCKS)):
            app.router.add_get(address, self.page)
        app.router.add_get("/static/desk.js", _script)
        app.router.add_get("/static/desk.css", _styles)
        app.router.add_get("/desk/texts/{language}.json", texts)
        app.router.add_get("/desk/ws", self._serve)

    def close(self) -> None:
        """Let all pages go; they come again by themselves."""
        for page in self._open:
            page.drop()

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page; its own scripts find out by its address what it shows.

        Its files are named from where it is, since a proxy may have put all of the relay under a path of its own.
        """
        up = "../" * (request.path.count("/") - 1)
        page = self._page.replace('"static/', f'"{up}static/')
        return served(page, "text/html")

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        caller = request[CALLER]
        if sum(page.caller == caller for page in self._open) >= MAX_DESKS:
            raise web.HTTPServiceUnavailable(text=f"{MAX_DESKS} pages of the desk are open: close one")
        socket = web.WebSocketResponse(
            compress=False, max_msg_size=frame_limit(caller), heartbeat=HEARTBEAT, writer_limit=0, timeout=1.0
        )
        await socket.prepare(request)
        if not isinstance(request.transport, asyncio.Transport):
            return socket
        page = OpenDesk(socket, request.transport, self._desk, caller)
        self._open.add(page)
        try:
            await page.run()
        finally:
            self._open.discard(page)
        return socket


async def _script(_: web.Request) -> web.Response:
    return served(script("desk/main.js"), "text/javascript")


async def _styles(_: web.Request) -> web.Response:
    return served(styles(*(f"desk/{name}.css" for name in _STYLES)), "text/css")


def wants_page(request: web.Request) -> bool:
    """Browsers ask for a page, programs for anything."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")
