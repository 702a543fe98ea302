"""The voice gateway, version 8: one call's connection to the bot, which may outlive its socket."""

import asyncio
import json
import os
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from tests.doubles.discord.voice_line import Address
from tests.doubles.discord.voice_rtp import Cipher
from tests.doubles.discord.world import Json

IDENTIFY, SELECT, READY, HEARTBEAT, DESCRIPTION, SPEAKING, ACK, RESUME, HELLO, RESUMED = range(10)
JOINED, VIDEO, LEFT = 11, 12, 13
"""Opcodes. 12 is the client's own streams, which nobody watches here."""

UNKNOWN_OP, UNAUTHENTICATED, BAD_TOKEN, INVALID, NO_DAVE = 4001, 4003, 4004, 4006, 4017
DISCONNECTED, CRASHED = 4014, 4015
"""Close codes: put out of the channel or moved, and the voice server is gone."""


@dataclass
class Admission:
    """What lets the bot into a call, as VOICE_SERVER_UPDATE and VOICE_STATE_UPDATE told it."""

    channel: str
    session: str
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    server: str = ""


class Wire:
    """One WebSocket."""

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport) -> None:
        self._ws = ws
        self._transport = transport

    async def send(self, message: Json | bytes) -> None:
        if self._ws.closed or self._transport.is_closing():
            return
        if isinstance(message, bytes):
            await self._ws.send_bytes(message)
        else:
            await self._ws.send_str(json.dumps(message))

    async def close(self, code: int) -> None:
        if not self._ws.closed and not self._transport.is_closing():
            await self._ws.close(code=code)

    def abort(self) -> None:
        self._transport.abort()


class Connection:
    """The bot in one call: its keys, its address, and what it has been told."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.ssrc = secrets.randbelow(1 << 16) + 1
        self.address: Address | None = None
        self.mode = ""
        self.key = b""
        self.inbound: Cipher | None = None
        """Opens what the bot sends."""
        self.outbound: Cipher | None = None
        """Seals what people send to it."""
        self.wire: Wire | None = None
        self.dave_version = 0
        self._sent: list[tuple[int, Json | bytes]] = []
        """Numbered messages, for a resume."""

    @property
    def described(self) -> bool:
        return self.inbound is not None

    def rekey(self, mode: str) -> None:
        self.mode, self.key = mode, os.urandom(32)
        self.inbound, self.outbound = Cipher(mode, self.key), Cipher(mode, self.key)

    async def send(self, op: int, data: Any) -> None:
        number = self._next()
        await self._keep(number, {"op": op, "d": data, "seq": number})

    async def send_binary(self, op: int, body: bytes) -> None:
        number = self._next()
        await self._keep(number, struct.pack(">HB", number, op) + body)

    def _next(self) -> int:
        return self._sent[-1][0] + 1 if self._sent else 0

    async def _keep(self, number: int, message: Json | bytes) -> None:
        self._sent.append((number, message))
        if self.wire is not None:
            await self.wire.send(message)

    async def resume(self, wire: Wire, acknowledged: int) -> None:
        await wire.send({"op": RESUMED, "d": None})
        self.wire = wire
        for number, message in self._sent:
            if number > acknowledged:
                await wire.send(message)

    async def close(self, code: int) -> None:
        if self.wire is not None:
            wire, self.wire = self.wire, None
            await wire.close(code)


class Host(Protocol):
    """What the protocol asks of the calls."""

    modes: tuple[str, ...]
    dave: bool

    @property
    def port(self) -> int: ...

    def admit(self, data: Json) -> Connection | int:
        """A new connection for an identify, or the close code."""
        ...

    def find(self, data: Json) -> Connection | None:
        """The connection a resume means."""
        ...

    async def described(self, connection: Connection) -> None:
        """It can send and receive now."""
        ...

    async def told(self, connection: Connection, op: int, data: Any) -> None:
        """The bot sent something else."""
        ...

    async def told_binary(self, connection: Connection, op: int, body: bytes) -> None: ...


class VoiceSockets:
    """Serves `wss://….discord.media/?v=8`."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.heartbeat_interval = 13.75
        """Seconds."""
        self.identifies = 0
        self.resumes = 0
        self.acknowledged: list[int] = []
        """`seq_ack` of each heartbeat."""
        self.refuse = 0
        """How many of the next sockets are refused."""

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        if self.refuse > 0:
            self.refuse -= 1
            raise web.HTTPServiceUnavailable
        assert request.query.get("v") == "8", request.query
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        wire = Wire(ws, request.transport)
        await wire.send({"op": HELLO, "d": {"v": 8, "heartbeat_interval": self.heartbeat_interval * 1000}})
        connection: Connection | None = None
        async for frame in ws:
            if connection is None:
                connection = await self._begin(wire, json.loads(frame.data))
            elif frame.type is WSMsgType.TEXT:
                await self._handle(connection, wire, json.loads(frame.data))
            elif frame.type is WSMsgType.BINARY:
                await self._host.told_binary(connection, frame.data[0], frame.data[1:])
        if connection is not None and connection.wire is wire:
            connection.wire = None
        return ws

    async def _begin(self, wire: Wire, frame: Json) -> Connection | None:
        if frame["op"] == IDENTIFY:
            return await self._identify(wire, frame["d"])
        if frame["op"] == RESUME:
            return await self._resume(wire, frame["d"])
        if frame["op"] == HEARTBEAT:
            await self._acknowledge(wire, frame["d"])
        else:
            await wire.close(UNAUTHENTICATED)
        return None

    async def _identify(self, wire: Wire, data: Json) -> Connection | None:
        self.identifies += 1
        admitted = self._host.admit(data)
        if isinstance(admitted, int):
            await wire.close(admitted)
            return None
        admitted.wire = wire
        admitted.dave_version = min(data.get("max_dave_protocol_version", 0), 1) if self._host.dave else 0
        await admitted.send(READY, {
            "ssrc": admitted.ssrc, "ip": "127.0.0.1", "port": self._host.port, "modes": list(self._host.modes),
            "experiments": [], "streams": [],
        })  # fmt: skip
        return admitted

    async def _resume(self, wire: Wire, data: Json) -> Connection | None:
        self.resumes += 1
        connection = self._host.find(data)
        if connection is None:
            await wire.close(INVALID)
            return None
        await connection.resume(wire, data["seq_ack"])
        return connection

    async def _acknowledge(self, wire: Wire, data: Json) -> None:
        self.acknowledged.append(data["seq_ack"])
        await wire.send({"op": ACK, "d": {"t": data["t"]}})

    async def _handle(self, connection: Connection, wire: Wire, frame: Json) -> None:
        op: int = frame["op"]
        data: Any = frame.get("d")
        if op == HEARTBEAT:
            await self._acknowledge(wire, data)
        elif op == SELECT:
            await self._describe(connection, data["data"])
        elif op in (IDENTIFY, RESUME, READY, HELLO):
            await wire.close(UNKNOWN_OP)
        else:
            await self._host.told(connection, op, data)

    async def _describe(self, connection: Connection, choice: Json) -> None:
        assert choice["mode"] in self._host.modes and connection.address == (choice["address"], choice["port"])
        connection.rekey(choice["mode"])
        await describe(connection)
        await self._host.described(connection)


async def describe(connection: Connection) -> None:
    """The session description: mode, key and which version of DAVE. A second one brings a new key."""
    await connection.send(DESCRIPTION, {
        "mode": connection.mode, "secret_key": list(connection.key), "audio_codec": "opus", "video_codec": "H264",
        "media_session_id": secrets.token_hex(16), "dave_protocol_version": connection.dave_version,
    })  # fmt: skip
