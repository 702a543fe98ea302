"""What becomes of a stream of sound: where somebody speaks in it, and what they say."""

import asyncio
from dataclasses import dataclass
from typing import Final

from relay.companion.conversation.conversation import Conversation
from relay.companion.hearing.ear import Ear, SoundSource
from relay.companion.hearing.endpointing import GATE, Began, Endpointer, Utterance
from relay.companion.hearing.transcription import Transcriber
from relay.config import HearingSection
from relay.hearing.detector import detectors
from relay.wire import server

WAITING: Final = 4
"""Utterances that may wait to be understood, until the stream is read no further."""


@dataclass(frozen=True)
class RecognisingEar:
    """See Ear."""

    transcriber: Transcriber
    settings: HearingSection
    """How speech is told from noise."""

    async def listen(self, source: SoundSource, conversation: Conversation, rate: int) -> None:
        """See Ear."""
        await SpeechRecognition(source, conversation, self, rate).run()


class SpeechRecognition:
    """One stream. Its listeners hear of it in turns: each start is followed by its end before the next start."""

    def __init__(self, source: SoundSource, conversation: Conversation, ear: RecognisingEar, rate: int) -> None:
        """`rate` is how many samples a second there are."""
        self._source = source
        self._conversation = conversation
        self._ear = ear
        self._rate = rate
        self._utterances: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
        self._announced = False
        """Whether the listeners were told of a start without its end."""

    async def run(self) -> None:
        """Listen until the client goes, and understand what was said until then; stop at once when the chat ends."""
        detector = await asyncio.to_thread(detectors(self._ear.settings, GATE))
        endpointer = Endpointer(self._rate, detector, self._ear.settings)
        async with asyncio.TaskGroup() as tasks:
            work = {tasks.create_task(self._listen(endpointer)), tasks.create_task(self._understand(endpointer))}
            watching = tasks.create_task(self._end_with_chat(work))
            await asyncio.wait(work)
            watching.cancel()

    async def _end_with_chat(self, work: "set[asyncio.Task[None]]") -> None:
        await self._conversation.closed.wait()
        for task in work:
            task.cancel()
        await self._source.chat_is_over()

    async def _listen(self, endpointer: Endpointer) -> None:
        while (pcm := await self._receive(endpointer)) is not None:
            for event in endpointer.feed(pcm) if pcm else endpointer.flush():
                await self._note(event)
            await asyncio.sleep(0)  # where much has come at once, others have their turn in between
        for event in endpointer.flush():
            await self._note(event)
        await self._utterances.put(None)

    async def _receive(self, endpointer: Endpointer) -> bytes | None:
        """The next samples; none of them when a client stopped sending in mid-speech; None at the end."""
        try:
            async with asyncio.timeout(endpointer.hangover if endpointer.is_open else None):
                return await self._source.receive()
        except TimeoutError:
            return b""

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

    async def _understand(self, endpointer: Endpointer) -> None:
        while (pcm := await self._utterances.get()) is not None:
            text = await self._ear.transcriber.transcribe(pcm)
            self._announce_start()
            self._announced = False
            ended = server.SpeechRecognitionEnd(session_id=self._conversation.session_id, text=text)
            self._conversation.audience.tell(ended)
            self._conversation.understood(text)
            if endpointer.is_open:
                self._announce_start()


_: type[Ear] = RecognisingEar
