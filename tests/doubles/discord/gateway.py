"""The gateway: sessions that outlive their socket, zlib-stream frames, resume with replay."""

import asyncio
import json
import secrets
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.doubles.discord.signal import Signal
from tests.doubles.discord.world import GUILD_MEMBERS_LIMITED, MESSAGE_CONTENT_LIMITED, Json, Person, World

DISPATCH, HEARTBEAT, IDENTIFY, VOICE_STATE, RESUME, RECONNECT, MEMBERS = 0, 1, 2, 4, 6, 7, 8
INVALID_SESSION, HELLO, ACK = 9, 10, 11

GUILD_MEMBERS, GUILD_MODERATION, GUILD_MESSAGES, MESSAGE_CONTENT = 1 << 1, 1 << 2, 1 << 9, 1 << 15
"""Gateway intents."""

UNAUTHENTICATED, BAD_TOKEN, DISALLOWED_INTENTS = 4003, 4004, 4014
"""Close codes."""


ChangeVoiceState = Callable[[str, Json], Awaitable[None]]
"""Takes the session's id and what the bot wants."""


async def _ignore(session: str, data: Json) -> None: ...


@dataclass
class Session:
    id: str
    intents: int
    events: list[Json] = field(default_factory=list)
    """Everything dispatched, in order: a resume replays from here."""
    socket: "Socket | None" = None


class Socket:
    """One WebSocket with its own compression stream."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._ws = ws
        self._transport = transport
        self._zlib = zlib.compressobj()

    async def send(self, op: int, data: Any = None, sequence: int | None = None, event: str | None = None) -> None:
        text = json.dumps({"op": op, "d": data, "s": sequence, "t": event}).encode()
        frame = self._zlib.compress(text) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        if not self._ws.closed and not self._transport.is_closing():
            await self._ws.send_bytes(frame)

    async def send_event(self, event: Json) -> None:
        await self.send(DISPATCH, event["d"], event["s"], event["t"])

    async def close(self, code: int) -> None:
        await self._ws.close(code=code)

    def abort(self) -> None:
        """Cut the line: no close frame."""
        self._transport.abort()


class Gateway:
    def __init__(self, world: World, token: str, signal: Signal) -> None:
        self._world = world
        self._token = token
        self._signal = signal
        self._sessions: dict[str, Session] = {}
        self.heartbeats = 0
        self.identifies = 0
        self.resumes = 0
        self.chunks = 0
        """How often a member list was sent."""
        self.heartbeat_interval = 41.25
        """Seconds between the client's heartbeats."""
        self.refuse = 0
        """How many of the next sockets are refused, as when Discord is down."""
        self.change_voice_state: ChangeVoiceState = _ignore
        """Where the bot's wish to join, move or leave goes."""
        self.revoked = False
        """Refuse every token from now on."""

    @property
    def live(self) -> list[Session]:
        """Sessions with a socket that have had all of their events."""
        return [session for session in self._sessions.values() if session.socket is not None]

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket until it ends."""
        if self.refuse > 0:
            self.refuse -= 1
            raise web.HTTPServiceUnavailable
        assert request.query.get("compress") == "zlib-stream" and request.query.get("encoding") == "json"
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        socket = Socket(ws, request.transport)
        await socket.send(HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1000)})
        try:
            async for frame in ws:
                if frame.type is WSMsgType.TEXT:
                    await self._handle_frame(socket, json.loads(frame.data))
        finally:
            self._forget(socket)
        return ws

    async def _handle_frame(self, socket: Socket, frame: Json) -> None:
        op, data = frame["op"], frame["d"]
        handlers: dict[int, Callable[[Socket, Any], Awaitable[None]]] = {
            HEARTBEAT: self._heartbeat, IDENTIFY: self._identify, RESUME: self._resume, MEMBERS: self._members,
            VOICE_STATE: self._go_to_voice,
        }  # fmt: skip
        handler = handlers.get(op)
        if handler is None or (op in (MEMBERS, VOICE_STATE) and self._session_of(socket) is None):
            await socket.close(UNAUTHENTICATED)
        else:
            await handler(socket, data)

    async def _heartbeat(self, socket: Socket, _: Any) -> None:
        self.heartbeats += 1
        await socket.send(ACK)
        self._signal.notify()

    async def _identify(self, socket: Socket, data: Json) -> None:
        self.identifies += 1
        if data["token"] != self._token or self.revoked:
            return await socket.close(BAD_TOKEN)
        if not self._may_have(data["intents"]):
            return await socket.close(DISALLOWED_INTENTS)
        session = Session(secrets.token_hex(8), data["intents"])
        self._sessions[session.id] = session
        ready = {
            "v": 10, "user": self._world.bot.user(), "guilds": [{"id": self._world.guild_id, "unavailable": True}],
            "session_id": session.id, "resume_gateway_url": "wss://gateway-local.discord.gg",
            "application": {"id": self._world.application_id, "flags": self._world.application_flags},
        }  # fmt: skip
        session.socket = socket
        await self._record(session, "READY", ready)
        await self._record(session, "GUILD_CREATE", self._world.guild(self._at_start()))
        self._signal.notify()

    def _at_start(self) -> list[Person]:
        """The members a guild is described with: the bot, and who is in a voice channel."""
        talking = [person for person in self._world.people.values() if person.id in self._world.voice_states]
        return [self._world.bot, *talking]

    def _may_have(self, intents: int) -> bool:
        wanted = MESSAGE_CONTENT_LIMITED if intents & MESSAGE_CONTENT else 0
        wanted |= GUILD_MEMBERS_LIMITED if intents & GUILD_MEMBERS else 0
        return wanted & ~self._world.application_flags == 0

    async def _resume(self, socket: Socket, data: Json) -> None:
        self.resumes += 1
        session = self._sessions.get(data["session_id"])
        if data["token"] != self._token or self.revoked:
            return await socket.close(BAD_TOKEN)
        if session is None:
            return await socket.send(INVALID_SESSION, False)
        position = data["seq"] or 0
        while position < len(session.events):
            await socket.send_event(session.events[position])
            position += 1
        session.socket = socket
        await self._record(session, "RESUMED", {})
        self._signal.notify()

    async def _members(self, socket: Socket, data: Json) -> None:
        session = self._session_of(socket)
        assert session is not None and data["query"] == "" and data["limit"] == 0
        everyone = [self._world.full_member(person) for person in (*self._world.people.values(), self._world.bot)]
        await self._record(session, "GUILD_MEMBERS_CHUNK", {
            "guild_id": data["guild_id"], "members": everyone, "chunk_index": 0, "chunk_count": 1,
            "nonce": data.get("nonce"), "not_found": [], "presences": [],
        })  # fmt: skip
        self.chunks += 1
        self._signal.notify()

    async def _go_to_voice(self, socket: Socket, data: Json) -> None:
        session = self._session_of(socket)
        assert session is not None and str(data["guild_id"]) == self._world.guild_id
        await self.change_voice_state(session.id, data)

    async def dispatch(self, event: str, data: Json, intent: int = 0) -> None:
        """Tell every session that asked for `intent`, also those whose socket is down: a resume replays it."""
        for session in list(self._sessions.values()):
            if intent & session.intents == intent:
                blank = event.startswith("MESSAGE_") and "content" in data and not session.intents & MESSAGE_CONTENT
                await self._record(session, event, self._blanked(data) if blank else data)

    def _blanked(self, message: Json) -> Json:
        """Without the message content intent a bot reads only what it wrote itself or what mentions it."""
        me = self._world.bot.id
        if message["author"]["id"] == me or any(user["id"] == me for user in message["mentions"]):
            return message
        return message | {"content": "", "attachments": [], "embeds": []}

    async def _record(self, session: Session, name: str, data: Json) -> None:
        event = {"t": name, "d": data, "s": len(session.events) + 1}
        session.events.append(event)
        if session.socket is not None:
            await session.socket.send_event(event)

    async def repeat_last(self) -> None:
        """Deliver the last event a second time, as at-least-once delivery may."""
        for session in self.live:
            assert session.socket is not None
            await session.socket.send_event(session.events[-1])

    async def request_reconnect(self) -> None:
        for socket in self._detach():
            await socket.send(RECONNECT)

    async def invalidate(self, resumable: bool) -> None:
        """End the sessions, or have them resumed."""
        sockets = self._detach()
        if not resumable:
            self._sessions.clear()
        for socket in sockets:
            await socket.send(INVALID_SESSION, resumable)

    async def close_sockets(self, code: int) -> None:
        for socket in self._detach():
            await socket.close(code)

    def drop(self, forget: bool = False) -> None:
        """Cut every line; with `forget`, a resume is refused afterwards."""
        for socket in self._detach():
            socket.abort()
        if forget:
            self._sessions.clear()

    def _detach(self) -> list[Socket]:
        sockets = [session.socket for session in self._sessions.values() if session.socket is not None]
        for session in self._sessions.values():
            session.socket = None
        return sockets

    def _session_of(self, socket: Socket) -> Session | None:
        return next((session for session in self._sessions.values() if session.socket is socket), None)

    def _forget(self, socket: Socket) -> None:
        if session := self._session_of(socket):
            session.socket = None
        self._signal.notify()
