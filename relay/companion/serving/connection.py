"""One client's WebSocket: SignalR's handshake, frames, pings and completions."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from relay.companion.state.chat import Refused
from relay.wire import server, signalr
from relay.wire.messages import WireMessage
from relay.wire.signalr import Frame, FrameError, Records

log = logging.getLogger(__name__)

QUEUE_LIMIT: Final = 1_024
"""Frames that may wait for a client; one that falls further behind is dropped."""
CLOSE_GRACE: Final = 2.0
"""Seconds a client has to take the last frames when the connection is closed."""

Receive = Callable[[Mapping[str, Any]], None]
"""Takes one message of the client, and tells it when that cannot be done."""
Hear = Callable[[bytes], None]
"""Takes sound that came between the messages."""


class ClientConnection:
    """Reads what a client sends, and writes what is queued for it without ever making others wait."""

    def __init__(
        self, socket: web.WebSocketResponse, transport: asyncio.Transport, *, keep_alive: float, silence_limit: float
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._keep_alive = keep_alive
        self._silence_limit = silence_limit
        self._queue: asyncio.Queue[str | bytes | None] = asyncio.Queue(QUEUE_LIMIT)
        self._closing = False

    def send(self, message: WireMessage) -> None:
        """Queue a message. A client whose queue is full is cut off."""
        self._put(signalr.encode(signalr.invocation("ReceiveMessage", message.to_wire())))

    def send_sound(self, pcm: bytes) -> None:
        """Queue samples, as a binary frame of their own."""
        self._put(pcm)

    def close(self, reason: str | None = None) -> None:
        """Queue SignalR's close frame and the end of the connection; what the client still sends is ignored."""
        self._closing = True
        self._put(signalr.encode(signalr.close(reason, allow_reconnect=True)))
        self._put(None)

    def _put(self, frame: str | bytes | None) -> None:
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            if not self._transport.is_closing():
                log.warning("A client does not keep up and is cut off")
            self._transport.abort()

    async def run(self, receive: Receive, hear: Hear) -> None:
        """Serve the client until it goes, falls silent or is closed."""
        async with aclosing(self._frames(hear)) as frames:
            if not await self._shake_hands(frames):
                return
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write())
                reason = await self._read(frames, receive)
                self.close(reason)
                await asyncio.wait({writer}, timeout=CLOSE_GRACE)
                if not writer.done():
                    self._transport.abort()
                    writer.cancel()

    async def _shake_hands(self, frames: AsyncGenerator[Frame | FrameError, None]) -> bool:
        try:
            frame = await anext(frames)
        except (StopAsyncIteration, TimeoutError):
            return False
        good = isinstance(frame, dict) and frame.get("protocol") == "json" and frame.get("version") == 1
        error = {"error": f"The handshake has to be {signalr.HANDSHAKE}"}
        await self._transmit(signalr.encode(signalr.HANDSHAKE_OK if good else error))
        return good

    # Reading

    async def _read(self, frames: AsyncGenerator[Frame | FrameError, None], receive: Receive) -> str | None:
        """Read to the end; the reason to close, if it is ours."""
        try:
            async for frame in frames:
                if isinstance(frame, FrameError):
                    self.send(server.ErrorMessage(message=str(frame)))
                elif frame.get("type") == signalr.CLOSE:
                    return None
                else:
                    self._take(frame, receive)
        except TimeoutError:
            log.info("A client gave no sign of life for %g s", self._silence_limit)
            return f"no sign of life for {self._silence_limit:g} s"
        return None

    async def _frames(self, hear: Hear) -> AsyncGenerator[Frame | FrameError, None]:
        """All frames to the end of the connection. Raises TimeoutError when the client falls silent."""
        records = Records()
        while (text := await self._text(hear)) is not None:
            unread: str | None = text
            while unread is not None:
                try:
                    for frame in records.feed(unread):
                        yield frame
                    unread = None
                except FrameError as error:
                    unread = ""
                    yield error

    async def _text(self, hear: Hear) -> str | None:
        """The next text; None at the end. Anything that arrives, also a control ping, is a sign of life."""
        while True:
            message = await self._socket.receive(timeout=self._silence_limit)
            match message.type:
                case WSMsgType.TEXT:
                    return str(message.data)
                case WSMsgType.BINARY:
                    hear(bytes(message.data))
                case WSMsgType.PING:
                    await self._socket.pong(message.data)
                case WSMsgType.PONG:
                    pass
                case _:
                    return None

    def _take(self, frame: Frame, receive: Receive) -> None:
        """Answer a call, which says that it arrived, and then do it."""
        if self._closing or frame.get("type") in (signalr.PING, signalr.COMPLETION):
            return
        invocation_id = frame.get("invocationId")
        try:
            argument, mistake = _argument(frame), None
        except Refused as error:
            argument, mistake = {}, str(error)
        if isinstance(invocation_id, str):
            self._put(signalr.encode(signalr.completion(invocation_id, mistake)))
        elif mistake is not None:
            self.send(server.ErrorMessage(message=mistake))
        if mistake is None:
            self._do(argument, receive)

    def _do(self, argument: Mapping[str, Any], receive: Receive) -> None:
        try:
            receive(argument)
        except Exception:
            log.exception("A message of a client failed")
            self.send(server.ErrorMessage(message="the server failed; see the companion's log"))

    # Writing

    async def _write(self) -> None:
        """Send what is queued, and a ping when there was nothing to send."""
        while True:
            frame: str | bytes | None
            try:
                frame = await asyncio.wait_for(self._queue.get(), self._keep_alive)
            except TimeoutError:
                frame = signalr.encode(signalr.PING_FRAME)
            if frame is None:
                await self._socket.close(code=WSCloseCode.GOING_AWAY)
                return
            if not await self._transmit(frame):
                return

    async def _transmit(self, frame: str | bytes) -> bool:
        """Send one frame, text or sound; False when the client is gone or takes nothing."""
        try:
            async with asyncio.timeout(self._silence_limit):
                if isinstance(frame, bytes):
                    await self._socket.send_bytes(frame)
                else:
                    await self._socket.send_str(frame)
        except ConnectionError:
            return False
        except TimeoutError:
            self._transport.abort()
            return False
        return True


def _argument(frame: Frame) -> Mapping[str, Any]:
    """The message in an invocation. Raises Refused at anything else."""
    kind = frame.get("type")
    if kind != signalr.INVOCATION:
        raise Refused(f"a frame of type {kind!r:.40} is not understood here; send invocations (type 1)")
    if frame.get("target") != "SendMessage":
        raise Refused(f"there is no method {frame.get('target')!r:.80}; the only one is SendMessage")
    arguments = frame.get("arguments")
    if not isinstance(arguments, list) or len(arguments) != 1 or not isinstance(arguments[0], dict):
        raise Refused("SendMessage takes one argument, a message object with $type")
    return arguments[0]
