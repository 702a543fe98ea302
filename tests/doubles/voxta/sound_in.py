"""The sound of people: a WebSocket that takes PCM, and what the server says of it.

The server only reports what it understood. It becomes a message when a client sends it.
"""

import json
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from aiohttp import WSMsgType, web

from tests.doubles.voxta.access import Access
from tests.doubles.voxta.chat import Chat

LOUD: Final = 300.0
"""The mean of a frame's samples, squared and rooted, from which it counts as speech."""
_NEEDED: Final = {"contentType": str, "sampleRate": int, "channels": int, "bitsPerSample": int}

Understand = Callable[[bytes], str]
"""From the PCM of an utterance to its text; "" when there is none in it."""


class Utterances:
    """Cuts a stream of PCM into utterances, which end with `pause` seconds of quiet, in the stream's own time."""

    def __init__(self, format: dict[str, Any], pause: float) -> None:
        self._second = format["sampleRate"] * format["channels"] * 2
        self._pause = pause
        self._pcm = bytearray()
        self._quiet = 0
        """Bytes of quiet since somebody spoke."""

    @property
    def talking(self) -> bool:
        return bool(self._pcm)

    def feed(self, frame: bytes) -> bytes | None:
        """The utterance that ended with this frame, if one did."""
        samples = np.frombuffer(frame, "<i2").astype(float)
        loud = samples.size > 0 and float(np.sqrt(np.mean(samples**2))) > LOUD
        if not loud and not self.talking:
            return None
        self._pcm += frame
        self._quiet = 0 if loud else self._quiet + len(frame)
        if self._quiet < self._pause * self._second:
            return None
        utterance = bytes(self._pcm)
        self._pcm.clear()
        return utterance

    def silence(self, milliseconds: float) -> bytes:
        """A stretch of quiet as PCM."""
        return bytes(2 * round(self._second * milliseconds / 2000))


class SoundIn:
    def __init__(
        self, access: Access, *, chats: Callable[[], list[Chat]], understand: Understand, pause: Callable[[], float]
    ) -> None:
        self._access = access
        self._chats = chats
        self._understand = understand
        self._pause = pause
        self.formats: list[dict[str, Any]] = []
        """What each stream declared first."""
        self.received: int = 0
        """Bytes of PCM, silence that was only named included."""
        self.sockets: list[web.WebSocketResponse] = []

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/ws/audio/input/stream", self._serve)]

    @property
    def open(self) -> int:
        return sum(not socket.closed for socket in self.sockets)

    async def close(self) -> None:
        for socket in self.sockets:
            await socket.close()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        if not self._access.allows(self._access.header_key(request)):
            raise web.HTTPUnauthorized
        session = request.query.get("sessionId")
        chat = next((chat for chat in self._chats() if chat.session_id == session), None)
        if chat is None:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        self.sockets.append(socket)
        await chat.tell("recordingStatus", enabled=True)
        try:
            await self._listen(socket, chat)
        finally:
            await chat.tell("recordingStatus", enabled=False)
        return socket

    async def _listen(self, socket: web.WebSocketResponse, chat: Chat) -> None:
        format = _format(await socket.receive())
        if format is None:
            await socket.close(code=1007, message=b"The first frame has to describe the stream.")
            return
        self.formats.append(format)
        utterances = Utterances(format, self._pause())
        async for frame in socket:
            pcm = frame.data
            if frame.type is WSMsgType.TEXT:
                pcm = utterances.silence(json.loads(frame.data)["milliseconds"])
            self.received += len(pcm)
            await self._hear(utterances, pcm, chat)
        if utterances.talking:
            await chat.heard(None, "Cancelled")

    async def _hear(self, utterances: Utterances, pcm: bytes, chat: Chat) -> None:
        before = utterances.talking
        utterance = utterances.feed(pcm)
        if utterances.talking and not before:
            await chat.hears()
        if utterance is not None:
            text = self._understand(utterance)
            await chat.heard(text or None)


def _format(frame: Any) -> dict[str, Any] | None:
    try:
        format = json.loads(frame.data) if frame.type is WSMsgType.TEXT else None
    except ValueError:
        return None
    if not isinstance(format, dict) or any(not isinstance(format.get(name), kind) for name, kind in _NEEDED.items()):
        return None
    return format if format["bitsPerSample"] == 16 else None
