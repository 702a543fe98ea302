"""The HTTP side of the desk: `POST /api/<action>`, `GET /api/state`, `GET /press/<key>` and `GET /openapi.json`."""

import json
from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web

from relay.text.unicode import one_line
from relay.web.api.openapi import STATE, description
from relay.web.desk.actions import Code, DeskError
from relay.web.desk.desk import Desk
from relay.web.desk.topics import Topic
from relay.web.guard import CALLER, LINK

STATUS: Final[Mapping[Code, int]] = {
    "unknown": 404,
    "invalid": 422,
    "forbidden": 403,
    "gone": 410,
    "unavailable": 503,
    "timeout": 504,
    "failed": 500,
}
"""What each kind of failure is in HTTP."""
# Browsers get pages ahead of time that somebody may open next; an address that acts must not be opened that way.
_AHEAD: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")
_AHEAD_WORDS: Final = ("prefetch", "prerender", "preview")


class ApiRoutes:
    """Programs do with calls what people do on the page."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, app: web.Application) -> None:
        """Serve the calls in an application."""
        app.router.add_post("/api/{action}", self._do)
        app.router.add_get("/api/state", self._state)
        app.router.add_get("/press/{key}", self._press, allow_head=False)
        app.router.add_get("/openapi.json", self._describe)

    async def _do(self, request: web.Request) -> web.Response:
        try:
            given = await _body(request)
            answer = await self._desk.actions.do(request.match_info["action"], given, request[CALLER])
        except DeskError as error:
            return web.json_response({"ok": False, "error": error.shown()}, status=STATUS[error.code])
        return web.json_response({"ok": True, "answer": answer})

    async def _state(self, request: web.Request) -> web.Response:
        topics = self._desk.topics.visible_to(request[CALLER])
        shown = {name: topic.shown() for name in STATE if isinstance(topic := topics.get(name), Topic)}
        return web.json_response(shown)

    async def _press(self, request: web.Request) -> web.Response:
        """One line of text, which those who press may show or throw away."""
        act = request[LINK].act
        if act is None or is_ahead_of_time(request.headers):
            return _line("Nothing was done: this came ahead of time.", 503)
        try:
            answer = await self._desk.actions.do(act.do, act.fields, request[CALLER])
        except DeskError as error:
            return _line(str(error), STATUS[error.code])
        return _line(answer if isinstance(answer, str) else "Done.", 200)

    async def _describe(self, _: web.Request) -> web.Response:
        return web.json_response(description(self._desk.actions))


def is_ahead_of_time(headers: Mapping[str, str]) -> bool:
    """Whether a browser asks before anybody has opened it."""
    purposes = " ".join(headers.get(name, "") for name in _AHEAD).casefold()
    return any(word in purposes for word in _AHEAD_WORDS)


async def _body(request: web.Request) -> object:
    """An empty one counts as no fields, since buttons often send none."""
    try:
        return json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError):
        raise DeskError("invalid", "the body is no JSON: send an object such as {}", "body") from None


def _line(text: str, status: int) -> web.Response:
    return web.Response(text=f"{one_line(text)}\n", status=status, headers={hdrs.CONTENT_TYPE: "text/plain"})
