"""The gateway: sessions, when they may begin, and when each of them is told of its guilds."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from tests.doubles.discord.answers import answer
from tests.doubles.discord.limits import SessionStarts, Verdict
from tests.doubles.discord.sessions import GUILD_MEMBERS, MESSAGE_CONTENT, Session, Socket
from tests.doubles.discord.signal import Signal
from tests.doubles.discord.world import GUILD_MEMBERS_LIMITED, MESSAGE_CONTENT_LIMITED, Json, Person, World, shard_of

HEARTBEAT, IDENTIFY, VOICE_STATE, RESUME, RECONNECT, MEMBERS = 1, 2, 4, 6, 7, 8
INVALID_SESSION, HELLO, ACK = 9, 10, 11
"""Opcodes and Status Codes, "Gateway Opcodes"."""

UNKNOWN_OPCODE, UNDECODABLE, UNAUTHENTICATED, BAD_TOKEN, ALREADY_IDENTIFIED = range(4001, 4006)
INVALID_SEQUENCE, TOO_MANY = 4007, 4008
INVALID_SHARD, SHARDING_REQUIRED, INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = range(4010, 4015)
"""Opcodes and Status Codes, "Gateway Close Event Codes"."""

VERSION = "10"
INTENTS = sum(1 << bit for bit in (*range(17), 20, 21, 24, 25))
"""Gateway, "List of Intents"."""
PAYLOAD_LIMIT = 4_096
"""Gateway, "Sending Events": bytes."""
GUILDS_A_SHARD, GUILDS_ADVISED = 2_500, 1_000
"""Gateway, "Sharding": as many guilds as a session may have at most, and about as many as it should have."""
GUILD_DELAY = (0.0, 0.02)
"""Seconds between Ready and Guild Create, at random between; the real one takes up to a second, or longer."""

ChangeVoiceState = Callable[[str, Json], Awaitable[None]]
"""Takes the session's id and what the bot wants."""


async def _ignore(session: str, data: Json) -> None: ...


class Gateway:
    def __init__(self, world: World, token: str, signal: Signal) -> None:
        self._world = world
        self._token = token
        self._signal = signal
        self._sessions: dict[str, Session] = {}
        self._describing: set[asyncio.Task[None]] = set()
        self.failures: list[BaseException] = []
        """What went wrong in the double itself, which tells of it when it ends."""
        self._shown = asyncio.Event()
        self._shown.set()
        self.starts = SessionStarts(world.clock.now)
        """How often a session may begin."""
        self.heartbeats = 0
        self.identifies = 0
        self.shards: list[tuple[int, int]] = []
        """Which of how many each identify was for."""
        self.resumes = 0
        self.tells_members = True
        """Whether requests for members are answered."""
        self.chunks = 0
        """How often a member list was sent."""
        self.heartbeat_interval = 41.25
        """Seconds between the client's heartbeats."""
        self.refuse = 0
        """How many of the next sockets are refused, as when Discord is down."""
        self.dead: set[int] = set()
        """Shards that are down: a line on which one of them speaks is cut."""
        self.change_voice_state: ChangeVoiceState = _ignore
        """Where the bot's wish to join, move or leave goes."""
        self.revoked = False
        """Refuse every token from now on."""
        self.guilds_a_shard = GUILDS_A_SHARD
        self.guilds_advised = GUILDS_ADVISED

    @property
    def live(self) -> list[Session]:
        """Sessions with a socket that have had all of their events and know their guilds."""
        connected = [each for each in self._sessions.values() if each.socket is not None]
        return [each for each in connected if each.guilds == self._guilds_of(each.shard)]

    def _guilds_of(self, shard: tuple[int, int]) -> set[str]:
        number, of = shard
        return {guild for guild in self._world.guilds if shard_of(guild, of) == number}

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v10/gateway/bot", self._get_gateway_bot)]

    async def _get_gateway_bot(self, request: web.Request) -> web.Response:
        advised = max(1, -(-len(self._world.guilds) // self.guilds_advised))
        limit = self.starts.describe()
        return answer({"url": "wss://gateway.discord.gg", "shards": advised, "session_start_limit": limit})

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one socket until it ends."""
        if self.refuse > 0:
            self.refuse -= 1
            raise web.HTTPServiceUnavailable
        assert request.query.get("encoding") == "json"
        ws = web.WebSocketResponse()
        ws.headers["Date"] = self._world.clock.date()
        await ws.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        socket = Socket(ws, request.transport, request.query.get("compress", ""))
        if request.query.get("v") != VERSION:
            await socket.close(INVALID_VERSION)
            return ws
        await socket.send(HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1000)})
        try:
            async for frame in ws:
                if frame.type is WSMsgType.TEXT:
                    await self._take(socket, frame.data)
        finally:
            self._forget(socket, for_good=ws.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY))
        return ws

    async def _take(self, socket: Socket, text: str) -> None:
        if len(text.encode()) > PAYLOAD_LIMIT:
            await socket.close(UNDECODABLE)
        elif socket.is_flooded(self._world.clock.now()):
            await socket.close(TOO_MANY)
        else:
            await self._handle_frame(socket, json.loads(text))

    async def _handle_frame(self, socket: Socket, frame: Json) -> None:
        op, data = frame["op"], frame["d"]
        handlers: dict[int, Callable[[Socket, Any], Awaitable[None]]] = {
            HEARTBEAT: self._heartbeat, IDENTIFY: self._identify, RESUME: self._resume, MEMBERS: self._members,
            VOICE_STATE: self._go_to_voice,
        }  # fmt: skip
        handler = handlers.get(op)
        if handler is None:
            await socket.close(UNKNOWN_OPCODE)
        elif op in (MEMBERS, VOICE_STATE) and self._session_of(socket) is None:
            await socket.close(UNAUTHENTICATED)
        else:
            await handler(socket, data)

    async def _heartbeat(self, socket: Socket, _: Any) -> None:
        self.heartbeats += 1
        await socket.send(ACK)
        self._signal.notify()

    # A session begins

    async def _identify(self, socket: Socket, data: Json) -> None:
        number, of = data.get("shard", (0, 1))
        if number in self.dead:
            return socket.abort()
        self.identifies += 1
        self.shards.append((number, of))
        self._signal.notify()
        verdict = self.starts.take(number)
        if verdict is Verdict.SPENT:
            self.revoked = True
            await self.close_sockets(BAD_TOKEN)
        if (code := self._refusal(socket, data)) is not None:
            return await socket.close(code)
        if verdict is Verdict.TOO_QUICK:
            return await socket.send(INVALID_SESSION, False)
        session = Session(data["intents"], self._world.bot.id, (number, of))
        self._sessions[session.id] = session
        session.socket = socket
        await session.record("READY", {
            "v": 10, "user": self._world.bot.user(), "session_id": session.id, "shard": [number, of],
            "guilds": [self._world.unavailable_guild(guild) for guild in sorted(self._guilds_of(session.shard))],
            "resume_gateway_url": "wss://gateway-local.discord.gg",
            "application": {"id": self._world.application_id, "flags": self._world.application_flags},
        })  # fmt: skip
        for guild in self._guilds_of(session.shard):
            self._describe(session, guild)

    def _refusal(self, socket: Socket, data: Json) -> int | None:
        """The code to close with, if any."""
        number, of = data.get("shard", (0, 1))
        checks = (
            (self._session_of(socket) is not None, ALREADY_IDENTIFIED),
            (data["token"] != self._token or self.revoked, BAD_TOKEN),
            (not 0 <= number < of, INVALID_SHARD),
            (of > 0 and len(self._guilds_of((number, of))) > self.guilds_a_shard, SHARDING_REQUIRED),
            (data["intents"] & ~INTENTS != 0, INVALID_INTENTS),
            (not self._may_have(data["intents"]), DISALLOWED_INTENTS),
        )
        return next((code for is_so, code in checks if is_so), None)

    def _may_have(self, intents: int) -> bool:
        wanted = MESSAGE_CONTENT_LIMITED if intents & MESSAGE_CONTENT else 0
        wanted |= GUILD_MEMBERS_LIMITED if intents & GUILD_MEMBERS else 0
        return wanted & ~self._world.application_flags == 0

    def _describe(self, session: Session, guild: str) -> None:
        """Tell the session of a guild, a little later."""
        task = asyncio.create_task(self._describe_later(session, guild), name="guild create")
        self._describing.add(task)
        task.add_done_callback(self._described)

    def _described(self, task: asyncio.Task[None]) -> None:
        self._describing.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(failure)

    async def _describe_later(self, session: Session, guild: str) -> None:
        await asyncio.sleep(random.uniform(*GUILD_DELAY))
        await self._shown.wait()
        session.guilds.add(guild)
        await session.record("GUILD_CREATE", self._world.guild(guild, self._at_start()))
        self._signal.notify()

    def _at_start(self) -> list[Person]:
        """The members a guild is described with: the bot, and who is in a voice channel."""
        talking = [person for person in self._world.people.values() if person.id in self._world.voice_states]
        return [self._world.bot, *talking]

    async def hold_guild(self) -> None:
        """Tell nobody of any guild until `show_guild`, as in an outage: new sessions wait for it."""
        self._shown.clear()
        for session in list(self._sessions.values()):
            for guild in sorted(session.guilds):
                session.guilds.discard(guild)
                await session.record("GUILD_DELETE", self._world.unavailable_guild(guild))
                self._describe(session, guild)

    def show_guild(self) -> None:
        self._shown.set()

    # A session goes on

    async def _resume(self, socket: Socket, data: Json) -> None:
        session = self._sessions.get(data["session_id"] or "")
        if session is not None and session.shard[0] in self.dead:
            return socket.abort()
        self.resumes += 1
        sequence = data["seq"] or 0
        if data["token"] != self._token or self.revoked:
            return await socket.close(BAD_TOKEN)
        if session is None:
            return await socket.send(INVALID_SESSION, False)
        if sequence > len(session.events):
            return await socket.close(INVALID_SEQUENCE)
        await session.resume(socket, sequence)
        self._signal.notify()

    async def _members(self, socket: Socket, data: Json) -> None:
        """Gateway Events, "Request Guild Members": who is named by id needs no intent; 100 may be at once."""
        session = self._session_of(socket)
        assert session is not None
        everyone = {person.id: person for person in (*self._world.people.values(), self._world.bot)}
        asked = [str(id) for id in data.get("user_ids", ())]
        if asked:
            assert "query" not in data and len(asked) <= 100
        else:
            assert data["query"] == "" and data["limit"] == 0
        found = [self._world.full_member(everyone[id]) for id in asked or everyone if id in everyone]
        if not self.tells_members:
            return
        await session.record("GUILD_MEMBERS_CHUNK", {
            "guild_id": data["guild_id"], "members": found, "chunk_index": 0, "chunk_count": 1,
            "nonce": data.get("nonce"), "not_found": [id for id in asked if id not in everyone], "presences": [],
        })  # fmt: skip
        self.chunks += 1
        self._signal.notify()

    async def _go_to_voice(self, socket: Socket, data: Json) -> None:
        session = self._session_of(socket)
        assert session is not None and str(data["guild_id"]) in session.guilds
        await self.change_voice_state(session.id, data)

    async def dispatch(self, event: str, data: Json, intent: int = 0) -> None:
        """Tell every session that knows the guild and asked for `intent`; where its socket is down, a resume will."""
        for session in list(self._sessions.values()):
            if data["guild_id"] in session.guilds and intent & session.intents == intent:
                await session.record(event, data)

    async def repeat_last(self) -> None:
        """Deliver the last event a second time, as at-least-once delivery may."""
        for session in self.live:
            assert session.socket is not None
            await session.socket.send_event(session.events[-1])

    # A session ends

    # Each of these may be said to one shard alone.

    async def request_reconnect(self, shard: int | None = None) -> None:
        for socket in self._detach(shard):
            await socket.send(RECONNECT)

    async def invalidate(self, resumable: bool, shard: int | None = None) -> None:
        """End the sessions, or have them resumed."""
        sockets = self._detach(shard)
        if not resumable:
            self._forget_sessions(shard)
        for socket in sockets:
            await socket.send(INVALID_SESSION, resumable)

    async def close_sockets(self, code: int, shard: int | None = None) -> None:
        for socket in self._detach(shard):
            await socket.close(code)

    def drop(self, forget: bool = False, shard: int | None = None) -> None:
        """Cut every line; with `forget`, a resume is refused afterwards."""
        for socket in self._detach(shard):
            socket.abort()
        if forget:
            self._forget_sessions(shard)

    async def stop(self) -> None:
        self.drop()
        for task in self._describing:
            task.cancel()
        await asyncio.gather(*self._describing, return_exceptions=True)

    def _of(self, shard: int | None) -> list[Session]:
        return [session for session in self._sessions.values() if shard is None or session.shard[0] == shard]

    def _forget_sessions(self, shard: int | None) -> None:
        for session in self._of(shard):
            del self._sessions[session.id]

    def _detach(self, shard: int | None = None) -> list[Socket]:
        sockets = [session.socket for session in self._of(shard) if session.socket is not None]
        for session in self._of(shard):
            session.socket = None
        return sockets

    def _session_of(self, socket: Socket) -> Session | None:
        return next((session for session in self._sessions.values() if session.socket is socket), None)

    def _forget(self, socket: Socket, *, for_good: bool) -> None:
        """Gateway, "Initiating a Disconnect": closing with 1000 or 1001 ends the session too."""
        if session := self._session_of(socket):
            session.socket = None
            if for_good:
                del self._sessions[session.id]
        self._signal.notify()
