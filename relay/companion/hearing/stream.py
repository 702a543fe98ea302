"""A client's stream of what people say: first a description of the sound, then the samples."""

import json
import logging
from typing import Final, Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field, ValidationError

from relay.companion.conversation.conversation import Conversation
from relay.companion.hearing.ear import Ear
from relay.wire.messages import WireModel

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds until the description has to be there."""
MESSAGE_LIMIT: Final = 2**20
"""Bytes of one message; clients send 30 ms, which is about 1 kB."""
SILENCE_LIMIT: Final = 10_000
"""Milliseconds of quiet that a client may tell of at once instead of sending them."""
NOBODY_LISTENS: Final = 'nobody listens: set companion.hearing to "openai" or "local"'
REASON: Final = 123
"""Bytes a WebSocket has for the reason of its end."""


class Format(WireModel):
    """What the samples are."""

    content_type: str = Field("audio/wav", pattern="^audio/")
    sample_rate: int = Field(ge=8_000, le=48_000)
    """Samples a second."""
    channels: Literal[1] = 1
    bits_per_sample: Literal[16] = 16


async def hear(socket: web.WebSocketResponse, conversation: Conversation | None, ear: Ear | None) -> None:
    """Listen to a stream to its end, or refuse it with a reason."""
    if ear is None:
        await _refuse(socket, NOBODY_LISTENS)
    elif conversation is None:
        await _refuse(socket, "sessionId: there is no such session; take one of chatsSessionsUpdated")
    else:
        try:
            description = await _description(socket)
        except ValueError as error:
            await _refuse(socket, str(error))
        else:
            rate = description.sample_rate
            await ear.listen(SocketSource(socket, rate), conversation, rate)


async def _refuse(socket: web.WebSocketResponse, reason: str) -> None:
    log.warning("An audio stream is refused: %s", reason)
    cut = reason.encode()[:REASON].decode("utf-8", "ignore").encode()
    await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=cut)


async def _description(socket: web.WebSocketResponse) -> Format:
    """The first frame. Raises ValueError, which says what is wrong with it."""
    try:
        message = await socket.receive(timeout=PATIENCE)
    except TimeoutError:
        message = None
    if message is None or message.type is not WSMsgType.TEXT:
        raise ValueError('the first frame has to be text: {"contentType": "audio/wav", "sampleRate": 16000, …}')
    try:
        return Format.model_validate_json(message.data)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"the first frame: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


class SocketSource:
    """The samples of one WebSocket. A stretch of quiet may come as a text frame that tells how long it is."""

    def __init__(self, socket: web.WebSocketResponse, rate: int) -> None:
        self._socket = socket
        self._rate = rate

    async def receive(self) -> bytes | None:
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.BINARY if message.data:
                    return bytes(message.data)
                case WSMsgType.TEXT if quiet := _quiet(message.data):
                    return bytes(2 * (self._rate * quiet // 1_000))
                case WSMsgType.BINARY | WSMsgType.TEXT:
                    continue
                case _:
                    return None

    async def chat_is_over(self) -> None:
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the chat was closed")


def _quiet(text: str) -> int:
    """The milliseconds of quiet that a text frame tells of; 0 when it tells of none."""
    try:
        told = json.loads(text)
    except ValueError:
        return 0
    if not isinstance(told, dict) or told.get("type") != "silence":
        return 0
    length = told.get("milliseconds")
    return min(max(length, 0), SILENCE_LIMIT) if type(length) is int else 0
