"""A client's stream of what people say: first a description of the sound, then the samples."""

import asyncio
import logging
from typing import Final, Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field, ValidationError

from relay.companion.conversation import Conversation
from relay.companion.hearing.endpointing import HANGOVER, Began, Endpointer, Utterance
from relay.companion.hearing.transcription import Transcriber
from relay.wire import server
from relay.wire.messages import WireModel

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds until the description has to be there."""
MESSAGE_LIMIT: Final = 2**20
"""Bytes of one message; clients send 30 ms, which is about 1 kB."""
WAITING: Final = 4
"""Utterances that may wait to be understood, until the stream is read no further."""
REASON: Final = 123
"""Bytes a WebSocket has for the reason of its end."""


class Format(WireModel):
    """What the samples are."""

    content_type: str = Field("audio/wav", pattern="^audio/")
    sample_rate: int = Field(ge=8_000, le=48_000)
    """Samples a second."""
    channels: Literal[1] = 1
    bits_per_sample: Literal[16] = 16


async def hear(socket: web.WebSocketResponse, conversation: Conversation | None, ear: Transcriber | None) -> None:
    """Listen to a stream to its end, or refuse it with a reason."""
    if ear is None:
        await _refuse(socket, 'nobody listens: set companion.hearing = "openai"')
    elif conversation is None:
        await _refuse(socket, "sessionId: there is no such session; take one of chatsSessionsUpdated")
    else:
        try:
            description = await _description(socket)
        except ValueError as error:
            await _refuse(socket, str(error))
        else:
            await Hearing(socket, conversation, ear, description.sample_rate).run()


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


class Hearing:
    """One stream. Its listeners hear of it in turns: each start is followed by its end before the next start."""

    def __init__(self, socket: web.WebSocketResponse, conversation: Conversation, ear: Transcriber, rate: int) -> None:
        self._socket = socket
        self._conversation = conversation
        self._ear = ear
        self._rate = rate
        self._endpointer = Endpointer(rate)
        self._utterances: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self._announced = False
        """Whether the listeners were told of a start without its end."""

    async def run(self) -> None:
        """Listen until the client goes, and understand what was said until then; stop at once when the chat ends."""
        async with asyncio.TaskGroup() as tasks:
            work = {tasks.create_task(self._listen()), tasks.create_task(self._understand())}
            watching = tasks.create_task(self._end_with_chat(work))
            await asyncio.wait(work)
            watching.cancel()

    async def _end_with_chat(self, work: "set[asyncio.Task[None]]") -> None:
        await self._conversation.closed.wait()
        for task in work:
            task.cancel()
        await self._socket.close(code=WSCloseCode.GOING_AWAY, message=b"the chat was closed")

    async def _listen(self) -> None:
        while (pcm := await self._receive()) is not None:
            for event in self._endpointer.feed(pcm) if pcm else self._endpointer.flush():
                await self._note(event)
        for event in self._endpointer.flush():
            await self._note(event)
        await self._utterances.put(None)

    async def _receive(self) -> bytes | None:
        """The next samples; none of them when a client stopped sending in mid-speech; None at the end."""
        while True:
            try:
                message = await self._socket.receive(timeout=HANGOVER if self._endpointer.is_open else None)
            except TimeoutError:
                return b""
            match message.type:
                case WSMsgType.BINARY if message.data:
                    return bytes(message.data)
                case WSMsgType.BINARY | WSMsgType.TEXT:
                    continue
                case _:
                    return None

    async def _note(self, event: Began | Utterance) -> None:
        match event:
            case Began():
                self._announce_start()
            case Utterance(pcm):
                await self._utterances.put(pcm)

    def _announce_start(self) -> None:
        if not self._announced:
            self._announced = True
            self._conversation.audience.tell(server.SpeechRecognitionStart(session_id=self._conversation.session_id))
            self._conversation.user_types("transcriptionStarted")

    async def _understand(self) -> None:
        while (pcm := await self._utterances.get()) is not None:
            text = await self._ear.transcribe(pcm, self._rate)
            self._announce_start()
            self._announced = False
            ended = server.SpeechRecognitionEnd(session_id=self._conversation.session_id, text=text)
            self._conversation.audience.tell(ended)
            self._conversation.understood(text)
            if self._endpointer.is_open:
                self._announce_start()
