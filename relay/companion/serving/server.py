"""The embedded companion on the network: negotiation, WebSockets and speech, as a Voxta server has them."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Container
from functools import partial
from pathlib import Path
from typing import Final, Self

from aiohttp import web

from relay.companion.brains.base import Brain
from relay.companion.brains.build import brain_for
from relay.companion.hearing.ear import ear_for
from relay.companion.hearing.hub_audio import HubAudio
from relay.companion.hearing.stream import MESSAGE_LIMIT, hear
from relay.companion.scenario.files import Loaded, follow, load, snapshot
from relay.companion.scenario.model import Character, Scenario
from relay.companion.scripting.sandbox import warm_up
from relay.companion.serving.access import Access
from relay.companion.serving.connection import CLOSE_GRACE, ClientConnection
from relay.companion.serving.handlers import receive
from relay.companion.serving.hub import Hub
from relay.companion.speaking.clips import ADDRESS, Speech
from relay.companion.speaking.playback import GRACE
from relay.companion.speaking.setup import Setup
from relay.companion.state.chat import Clock
from relay.companion.voice.build import MODELS, voice_for
from relay.config import CompanionSection, HearingSection
from relay.system.http_server import HttpServer
from relay.wire import signalr

TOKENS: Final = 1_024
"""How many connection tokens are remembered; the oldest is forgotten first."""


class CompanionServer:
    """Serves the companion's chats to Voxta clients. `async with` starts and stops it.

    `brain` takes the place of the configured one, `scenario` that of a lone character. `models` is where local voices
    are, `emotes` are words that are not read aloud, `hearing` is how speech is told from noise. `keep_alive` and
    `silence_limit` are seconds: a ping after so long without anything sent, and the end of a client after so long
    without anything received. `grace` is how many seconds a client may take longer to play speech than it lasts.
    Raises ConfigError when there is no such voice, or when the configured scenario has mistakes.
    """

    def __init__(
        self,
        settings: CompanionSection,
        *,
        clock: Clock = time.time,
        brain: Brain | None = None,
        scenario: Loaded | None = None,
        models: Path = MODELS,
        emotes: Container[str] = frozenset(),
        hearing: HearingSection | None = None,
        keep_alive: float = signalr.PING_EVERY,
        silence_limit: float = signalr.SILENCE_LIMIT,
        grace: float = GRACE,
    ) -> None:
        self._speech = Speech(voice_for(settings, models, emotes=emotes), shelf=int(settings.speech_kept * 2**20))
        self._ear = ear_for(settings, models, hearing or HearingSection())
        setup = Setup(
            brain=brain or brain_for(settings),
            speech=self._speech,
            hears=self._ear is not None,
            pace=settings.pace if settings.brain == "rules" else 0.0,
            grace=grace,
            seed=settings.seed,
            begins_early=settings.begin_early,
        )
        self._folder = None if scenario or settings.scenario is None else settings.scenario.expanduser()
        self._seen = snapshot(self._folder) if self._folder else ()
        loaded = scenario or (load(self._folder) if self._folder else alone(settings))
        self._has_scripts = bool(loaded.scripts)
        self._hub = Hub(settings, loaded, setup, clock)
        self._following: asyncio.Task[None] | None = None
        self._access = Access(settings.host, settings.access_key)
        self._keep_alive = keep_alive
        self._silence_limit = silence_limit
        self._tokens: deque[str] = deque(maxlen=TOKENS)
        self._connections: set[ClientConnection] = set()
        self._http = HttpServer(self._application(), settings.host, settings.port, stop_within=CLOSE_GRACE + 1)

    @property
    def name(self) -> str:
        """The name of the main character."""
        return self._hub.characters[0].name

    @property
    def url(self) -> str:
        """The address for clients; with port 0 known once started."""
        return self._http.url

    def _application(self) -> web.Application:
        app = web.Application()
        app.on_response_prepare.append(self._access.let_pages_read)
        app.router.add_post("/hub/negotiate", self._negotiate)
        app.router.add_options("/hub/negotiate", self._preflight)
        app.router.add_get("/hub", self._serve)
        app.router.add_get(f"{ADDRESS}/{{clip}}", self._play)
        app.router.add_get("/ws/audio/input/stream", self._hear)
        return app

    async def start(self) -> None:
        """Open a first chat, and listen. Raises ConfigError when the address cannot be had."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        if self._has_scripts:
            await asyncio.to_thread(warm_up)
        if not self._hub.open:
            self._hub.start_chat()
        await self._http.start_where_set("companion.port", "set companion.port to a free port, or 0 for any")
        if self._folder is not None:
            self._following = asyncio.create_task(follow(self._folder, self._seen, self.replace_scenario))

    async def stop(self) -> None:
        """End the chats, send every client the close frame, and let go of the port."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait({self._following})
        self._hub.close_chats()
        for connection in self._connections:
            connection.close()
        await self._http.stop()
        await self._hub.close()

    def replace_scenario(self, scenario: Loaded) -> None:
        """Go on with an edited scenario; chats keep their messages, flags and variables."""
        self._hub.replace_scenario(scenario)

    async def serve_forever(self) -> None:
        """Start, and serve until cancelled."""
        async with self:
            await asyncio.Event().wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def _negotiate(self, request: web.Request) -> web.Response:
        self._access.admit(request)
        token = secrets.token_urlsafe(24)
        self._tokens.append(token)
        response = web.json_response(
            {
                "negotiateVersion": 1,
                "connectionId": secrets.token_urlsafe(16),
                "connectionToken": token,
                "availableTransports": [{"transport": "WebSockets", "transferFormats": ["Text"]}],
            }
        )
        self._access.mark(response)
        return response

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        self._admit_to_hub(request)
        socket = web.WebSocketResponse(autoping=False, compress=False, timeout=CLOSE_GRACE)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None
        connection = ClientConnection(socket, transport, keep_alive=self._keep_alive, silence_limit=self._silence_limit)
        client = self._hub.connect(connection.send, connection.send_sound)
        sound = HubAudio(partial(self._hub.heard_in, client), self._ear, self._hub.spawn, client.send)
        self._connections.add(connection)
        try:
            await connection.run(partial(receive, hub=self._hub, sender=client), sound.feed)
        finally:
            sound.end()
            self._connections.discard(connection)
            self._hub.disconnect(client)
        return socket

    def _admit_to_hub(self, request: web.Request) -> None:
        """Clients negotiate first, and then name the token they were given; or they come straight, and name none."""
        self._access.admit(request)
        if "id" in request.query:
            if request.query["id"] not in self._tokens:
                raise web.HTTPNotFound(
                    text="no such connection: negotiate anew, then connect with ?id=<connectionToken>"
                )
            self._access.admit_negotiated(request)

    async def _preflight(self, request: web.Request) -> web.Response:
        """A browser asks whether a page may negotiate; `Access.let_pages_read` answers."""
        return web.Response(status=204)

    async def _play(self, request: web.Request) -> web.Response:
        self._access.refuse_pages(request)
        wav = self._speech.wav(request.match_info["clip"])
        if wav is None:
            raise web.HTTPNotFound(text="this speech is unknown, or too long ago")
        return web.Response(body=wav, content_type="audio/x-wav", headers={"Cache-Control": "no-store"})

    async def _hear(self, request: web.Request) -> web.WebSocketResponse:
        self._access.admit_known(request)
        socket = web.WebSocketResponse(heartbeat=self._keep_alive, timeout=CLOSE_GRACE, max_msg_size=MESSAGE_LIMIT)
        await socket.prepare(request)
        await hear(socket, self._hub.open.get(request.query.get("sessionId", "")), self._ear)
        return socket


def alone(settings: CompanionSection) -> Loaded:
    """What there is without a scenario: one character."""
    return Loaded(Scenario(name=settings.name, characters=(Character(name=settings.name),)), {})
