"""The HTTP API for games, avatar bridges and stream decks: the Voxta Gateway's, and a few calls of our own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from aiohttp import web
from pydantic import ValidationError

from relay.errors import RelayError
from relay.speech.base import Speakers
from relay.web.gateway.bodies import (
    EmptyBody,
    GatewayBody,
    GivenContext,
    PlayedMessage,
    SaidLine,
    SpeakerStarts,
    SpeakerStops,
)
from relay.web.gateway.mirror import Mirror
from relay.web.gateway.socket import Sockets
from relay.web.gateway.state import GatewayState
from relay.web.gateway.subscribers import Subscribers

log = logging.getLogger(__name__)

TIMEOUT: Final = 10.0
"""Seconds an interruption may take before the caller is told so."""
MAX_SOURCES: Final = 32
"""How many speakers are remembered for a stop that names none; the oldest is forgotten, and its lease runs out."""

BodyT = TypeVar("BodyT", bound=GatewayBody)
T = TypeVar("T")


class Talk(Protocol):
    """What is told to Voxta. Each raises RelayError when it cannot be told now."""

    def leave_unanswered(self) -> None:
        """The speakers who are about to stop want no answer (`trigger_response` false); never raises."""
        ...

    async def dialogue(self, text: str, source: str, author: str | None, *, reply: bool) -> None:
        """Somebody said something."""
        ...

    async def context(self, key: str, content: str, description: str | None) -> None:
        """The character should know something; `description` also stands in the chat."""
        ...

    async def played(self, message_id: str | None, *, is_over: bool) -> None:
        """Something else plays the character's speech, or has played it to its end."""
        ...


@dataclass(frozen=True)
class ApiActions:
    """What the callers of the API can bring about."""

    speakers: Speakers
    """Hears of external speakers; one that is started here is `game:<source>`."""
    interrupt: Callable[[], Awaitable[str]]
    """Silences the companion; says what was done."""
    skip: Callable[[], Awaitable[str]]
    """Goes on to the next reply; says what was done."""
    state: Callable[[], GatewayState]
    talk: Talk


class Gateway:
    """The routes. A start is a lease, which the floor ends unless the call is repeated."""

    def __init__(self, actions: ApiActions) -> None:
        self._actions = actions
        self._sources: dict[str, None] = {}
        self.clients = Subscribers()
        self.mirror = Mirror(self.clients, actions.state)
        self._sockets = Sockets(self.clients, self.mirror.look)

    def add_to(self, app: web.Application) -> None:
        """Serve the API in an application, except for `/`, where browsers find a page."""
        app.router.add_get("/health", self._health)
        app.router.add_get("/state", self._state)
        app.router.add_post("/external_speaker_start", self._start)
        app.router.add_post("/external_speaker_stop", self._stop)
        app.router.add_post("/dialogue", self._dialogue)
        app.router.add_post("/context", self._context)
        app.router.add_post("/tts_playback_start", self._playback_starts)
        app.router.add_post("/tts_playback_complete", self._playback_ends)
        app.router.add_get("/ws", self._sockets.serve)
        app.router.add_get("/debug/clients", self._debug_clients)
        app.router.add_get("/debug/clients/{client_id}/history", self._debug_history)
        app.router.add_post("/debug/clients/{client_id}/clear", self._debug_clear)
        app.router.add_get("/debug/voxta/history", self._debug_voxta)
        app.router.add_post("/interrupt", self._interrupt)
        app.router.add_post("/skip", self._skip)

    async def about(self, _: web.Request) -> web.Response:
        """What programs find at `/`."""
        return web.json_response({"message": "Voxta Relay, with the API of a Voxta Gateway", "state": "/state"})

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "voxta_connected": self._actions.state().connected})

    async def _state(self, _: web.Request) -> web.Response:
        return web.json_response(self._actions.state().model_dump())

    async def _start(self, request: web.Request) -> web.Response:
        start = await _read(request, SpeakerStarts)
        if start.source not in self._sources:
            log.info("external speaker %s starts (%r)", start.source, start.reason)
            self._sources = dict.fromkeys([*self._sources, start.source][-MAX_SOURCES:])
        self.mirror.speaks_because(start.source, start.reason)
        self._actions.speakers.speaks(f"game:{start.source}")
        self.mirror.look()
        return web.json_response({"status": "ok"})

    async def _stop(self, request: web.Request) -> web.Response:
        stop = await _read(request, SpeakerStops)
        if not stop.trigger_response:
            self._actions.talk.leave_unanswered()
        for source in [stop.source] if stop.source else list(self._sources):
            self._sources.pop(source, None)
            self._actions.speakers.stopped(f"game:{source}")
        self.mirror.look()
        return web.json_response({"status": "ok"})

    async def _dialogue(self, request: web.Request) -> web.Response:
        said = await _read(request, SaidLine)
        reply = said.source == "user" if said.immediate_reply is None else said.immediate_reply
        answer = await _done(self._actions.talk.dialogue(said.text, said.source, said.author, reply=reply))
        self.mirror.said(said.text, said.source, said.author)
        return answer

    async def _context(self, request: web.Request) -> web.Response:
        context = await _read(request, GivenContext)
        return await _done(self._actions.talk.context(context.key, context.content, context.description))

    async def _playback_starts(self, request: web.Request) -> web.Response:
        return await self._played(await _read(request, PlayedMessage), is_over=False)

    async def _playback_ends(self, request: web.Request) -> web.Response:
        return await self._played(await _read(request, PlayedMessage), is_over=True)

    async def _played(self, playback: PlayedMessage, *, is_over: bool) -> web.Response:
        message_id = playback.message_id or self.mirror.last_message_id
        return await _done(self._actions.talk.played(message_id, is_over=is_over))

    async def _debug_clients(self, _: web.Request) -> web.Response:
        return web.json_response(self.clients.described())

    async def _debug_history(self, request: web.Request) -> web.Response:
        history = self.clients.history(request.match_info["client_id"])
        if history is None:
            raise _refusal(web.HTTPNotFound, "Client not found")
        return web.json_response(history)

    async def _debug_clear(self, request: web.Request) -> web.Response:
        self.clients.clear(request.match_info["client_id"])
        return web.json_response({"status": "ok"})

    async def _debug_voxta(self, _: web.Request) -> web.Response:
        return web.json_response(list(self.mirror.history))

    async def _interrupt(self, request: web.Request) -> web.Response:
        await _read(request, EmptyBody)
        return await _answer(self._actions.interrupt)

    async def _skip(self, request: web.Request) -> web.Response:
        await _read(request, EmptyBody)
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
    return web.json_response({"status": "ok", "answer": await _within(act())})


async def _done(act: Awaitable[None]) -> web.Response:
    await _within(act)
    return web.json_response({"status": "ok"})


async def _within(act: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await act
    except TimeoutError:
        raise _refusal(web.HTTPServiceUnavailable, f"not done within {TIMEOUT:.0f} s: try again") from None
    except RelayError as error:
        raise _refusal(web.HTTPServiceUnavailable, str(error)) from None
