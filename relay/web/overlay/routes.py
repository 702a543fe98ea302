"""The overlay page on the web server: its files, the clips it plays and its WebSocket."""

import asyncio
import html
import re
import struct
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from relay.speech.base import RATE
from relay.text.for_pages import for_pages
from relay.web.desk.texts import catalogue
from relay.web.guard import AWAKE
from relay.web.overlay.page import MAX_MESSAGE, PageConnection
from relay.web.overlay.pictures import pictures_in, read_picture
from relay.web.overlay.sink import OverlaySink
from relay.web.page_files import page_text, script, served, styles

_SOUND: Final = re.compile(r"[\w-][\w .-]{0,98}\.(wav|mp3|ogg|opus|flac|m4a)", re.IGNORECASE)
MAX_PAGES: Final = 32
"""Pages open at a time."""
_TEXTS: Final = (
    for_pages("Click to hear the companion"),
    for_pages("Interrupt"),
    for_pages("No connection to the relay. Trying again…"),
)
"""What stands in the page, to be shown when it is time."""
_STYLES: Final = ("overlay.css", "avatar.css", "subtitles.css")


class OverlayRoutes:
    """Lets pages take part in the sink."""

    def __init__(self, sink: OverlaySink, sounds: Path | None = None, pictures: Path | None = None) -> None:
        """`sounds` is the folder of the streamer's own sounds, `pictures` that of the companion's pictures."""
        self._sink = sink
        self._sounds = sounds
        self._pictures = pictures
        self._pages: set[PageConnection] = set()

    def add_to(self, app: web.Application) -> None:
        """Serve the overlay in an application."""
        app.router.add_get("/overlay", _page)
        app.router.add_get("/static/overlay.js", _script)
        app.router.add_get("/static/overlay.css", _styles)
        app.router.add_get(AWAKE, _awake)
        app.router.add_get("/overlay/clips/{cue}.wav", self._clip)
        app.router.add_get("/overlay/sounds/{name}", self._sound)
        app.router.add_get("/overlay/avatar", self._avatar)
        app.router.add_get("/overlay/avatar/{name}", self._picture)
        app.router.add_get("/overlay/ws", self._serve)

    def close(self) -> None:
        """Let all pages go; they come again by themselves."""
        for page in self._pages:
            page.drop()

    async def _clip(self, request: web.Request) -> web.Response:
        clip = self._sink.find(request.match_info["cue"])
        if clip is None:
            raise web.HTTPNotFound(text="no such clip is queued")
        return web.Response(body=_wav_header(len(clip.pcm)) + clip.pcm, content_type="audio/wav")

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        path = sound_file(self._sounds, request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound(text="there is no such sound")
        return web.FileResponse(path)

    async def _avatar(self, _: web.Request) -> web.Response:
        return web.json_response({"pictures": await asyncio.to_thread(pictures_in, self._pictures)})

    async def _picture(self, request: web.Request) -> web.Response:
        picture = await asyncio.to_thread(read_picture, self._pictures, request.match_info["name"])
        if picture is None:
            raise web.HTTPNotFound(text="there is no such picture")
        return web.Response(body=picture, content_type="image/png")

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        if len(self._pages) >= MAX_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MAX_PAGES} overlay pages are open: close one")
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE)
        await socket.prepare(request)
        if request.transport is None:
            return socket
        page = PageConnection(socket, request.transport)
        self._pages.add(page)
        try:
            farewell = await page.run(partial(self._sink.hear, page))
        finally:
            self._pages.discard(page)
            self._sink.leave(page)
        await page.close(farewell)
        return socket


def sound_file(folder: Path | None, name: str) -> Path | None:
    """One of the streamer's sounds by its file name; None when there is none, or it lies elsewhere."""
    if folder is None or not _SOUND.fullmatch(name):
        return None
    path = folder / name
    return path if path.is_file() else None


async def _page(request: web.Request) -> web.Response:
    """In the language of the browser, which OBS's has from OBS, or in the one that the address says."""
    wished = request.query.get("lang") or request.headers.get(hdrs.ACCEPT_LANGUAGE) or ""
    return served(_in_language(wished[:2].lower()), "text/html")


def _in_language(language: str) -> str:
    page = page_text("overlay.html")
    if (known := catalogue(language)) is None:
        return page
    for text in _TEXTS:
        page = page.replace(f">{text}<", f">{html.escape(str(known.get(text, text)))}<")
    return page.replace('<html lang="en">', f'<html lang="{language}">')


async def _script(_: web.Request) -> web.Response:
    return served(script("overlay.js"), "text/javascript")


async def _styles(_: web.Request) -> web.Response:
    return served(styles(*_STYLES), "text/css")


async def _awake(_: web.Request) -> web.Response:
    return web.Response(status=204)


def _wav_header(size: int) -> bytes:
    """For samples as clips have them: mono, 16 bit."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", size
    )
