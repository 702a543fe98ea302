"""The desk on the web server: its page in every layout, the page's files, and the WebSocket."""

import asyncio
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from relay.web.desk.desk import Desk
from relay.web.desk.socket import HEARTBEAT, MAX_FRAME, OpenDesk
from relay.web.desk.texts import texts
from relay.web.guard import CALLER

MAX_DESKS: Final = 32
"""Pages one person has open at a time, so that nobody takes the place of the others."""
DOCKS: Final = ("next", "decide", "feed")
"""Parts of the page that may be docks of their own."""
_FOLDER: Final = Path(__file__).parents[1] / "static" / "desk"
_PAGE: Final = _FOLDER / "desk.html"
# Named here because Windows may tell Python that .js is plain text, which a browser then refuses to run.
_KINDS: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}


class DeskRoutes:
    """Lets browsers in."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._open: set[OpenDesk] = set()
        self._page = _PAGE.read_text("utf-8")
        self._files = {
            file.relative_to(_FOLDER).as_posix(): file for file in _FOLDER.rglob("*") if file.suffix in _KINDS
        }

    def add_to(self, app: web.Application) -> None:
        """Serve the desk in an application, except for `/`, which programs ask for as well."""
        for address in ("/dock", *(f"/dock/{name}" for name in DOCKS)):
            app.router.add_get(address, self.page)
        app.router.add_get("/static/desk/{file:.+}", self._file)
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
        return web.Response(text=page, content_type="text/html", charset="utf-8")

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._files.get(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound(text="the desk has no such file")
        return web.FileResponse(file, headers={hdrs.CONTENT_TYPE: f"{_KINDS[file.suffix]}; charset=utf-8"})

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        caller = request[CALLER]
        if sum(page.caller == caller for page in self._open) >= MAX_DESKS:
            raise web.HTTPServiceUnavailable(text=f"{MAX_DESKS} pages of the desk are open: close one")
        socket = web.WebSocketResponse(
            compress=False, max_msg_size=MAX_FRAME, heartbeat=HEARTBEAT, writer_limit=0, timeout=1.0
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


def wants_page(request: web.Request) -> bool:
    """Browsers ask for a page, programs for anything."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "")
