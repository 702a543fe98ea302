"""The HTTP API for games, avatar bridges and stream decks, in the shapes of the Voxta Gateway's API."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from relay.errors import RelayError
from relay.speech.base import Speakers

log = logging.getLogger(__name__)

TIMEOUT: Final = 10.0
"""Seconds an interruption may take before the caller is told so."""
MAX_SOURCES: Final = 32
"""How many speakers are remembered for a stop that names none; the oldest is forgotten, and its lease runs out."""

Source = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w .:-]{1,64}$")]


class Character(BaseModel):
    """A character of the chat, as the Gateway shows it."""

    id: str
    name: str
    creator_notes: str | None = None
    text_gen_service: str | None = None


class GatewayState(BaseModel):
    """What `GET /state` tells."""

    connected: bool = False
    """Whether Voxta is reached."""
    chat_active: bool = False
    ai_state: Literal["idle", "thinking", "speaking"] = "idle"
    current_speaker_id: str | None = None
    """The character that is speaking."""
    external_speaker_active: bool = False
    external_speaker_source: str | None = None
    characters: tuple[Character, ...] = ()


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Start(_Body):
    source: Source
    reason: str | None = Field(None, max_length=500)


class _Stop(_Body):
    trigger_response: bool = True
    source: Source | None = None
    """Which speaker; all that were started here where it is left out, as the Gateway's callers do."""


class _Nothing(_Body):
    pass


BodyT = TypeVar("BodyT", bound=_Body)


@dataclass(frozen=True)
class Actions:
    """What the callers of the API can bring about."""

    speakers: Speakers
    """Hears of external speakers; one that is started here is `game:<source>`."""
    interrupt: Callable[[], Awaitable[str]]
    """Silences the companion; says what was done."""
    skip: Callable[[], Awaitable[str]]
    """Goes on to the next reply; says what was done."""
    state: Callable[[], GatewayState]
    leave_unanswered: Callable[[], None]
    """The speakers who are about to stop want no answer (`trigger_response` false)."""


class Gateway:
    """The routes. A start is a lease, which the floor ends unless the call is repeated."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        self._sources: dict[str, None] = {}

    def add_to(self, app: web.Application) -> None:
        """Serve the API in an application."""
        app.router.add_get("/health", self._health)
        app.router.add_get("/state", self._state)
        app.router.add_post("/external_speaker_start", self._start)
        app.router.add_post("/external_speaker_stop", self._stop)
        app.router.add_post("/interrupt", self._interrupt)
        app.router.add_post("/skip", self._skip)

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "voxta_connected": self._actions.state().connected})

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self._actions.state().model_dump())

    async def _start(self, request: web.Request) -> web.Response:
        start = await _read(request, _Start)
        if start.source not in self._sources:
            log.info("external speaker %s starts (%r)", start.source, start.reason)
            self._sources = dict.fromkeys([*self._sources, start.source][-MAX_SOURCES:])
        self._actions.speakers.talks(f"game:{start.source}")
        return web.json_response({"status": "ok"})

    async def _stop(self, request: web.Request) -> web.Response:
        stop = await _read(request, _Stop)
        if not stop.trigger_response:
            self._actions.leave_unanswered()
        for source in [stop.source] if stop.source else list(self._sources):
            self._sources.pop(source, None)
            self._actions.speakers.stopped(f"game:{source}")
        return web.json_response({"status": "ok"})

    async def _interrupt(self, request: web.Request) -> web.Response:
        await _read(request, _Nothing)
        return await _answer(self._actions.interrupt)

    async def _skip(self, request: web.Request) -> web.Response:
        await _read(request, _Nothing)
        return await _answer(self._actions.skip)


async def _read(request: web.Request, body: type[BodyT]) -> BodyT:
    """The body of a request; an empty one counts as `{}`, since buttons often send none."""
    try:
        return body.model_validate_json(await request.read() or b"{}")
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        raise _refusal(web.HTTPBadRequest, f"the body is no JSON ({problems[0]['msg']}): send an object such as {{}}")
    known = ", ".join(body.model_fields) or "none"
    wrong = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in problems)
    raise _refusal(web.HTTPUnprocessableEntity, f"{wrong} (known fields: {known})")


def _refusal(kind: type[web.HTTPError], detail: str) -> web.HTTPError:
    return kind(text=web.json_response({"detail": detail}).text, content_type="application/json")


async def _answer(act: Callable[[], Awaitable[str]]) -> web.Response:
    try:
        async with asyncio.timeout(TIMEOUT):
            return web.json_response({"status": "ok", "answer": await act()})
    except TimeoutError:
        raise _refusal(web.HTTPServiceUnavailable, f"not done within {TIMEOUT:.0f} s: try again") from None
    except RelayError as error:
        raise _refusal(web.HTTPServiceUnavailable, str(error)) from None
