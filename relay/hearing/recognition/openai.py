"""From speech to text, at any endpoint that speaks OpenAI's transcriptions, local or not."""

import json
from typing import Any, Final

from relay.hearing.base import HEARING_RATE, Recogniser, Recognition
from relay.hearing.recognition.words import words
from relay.system.endpoint import Endpoint
from relay.system.wav import wav_of

BYTES: Final = 2**20
"""What an answer may have."""
LONGEST: Final = 120
"""Seconds of one turn that are kept; what is said after that in one breath is not sent."""


class OpenAIRecogniser:
    """Speech leaves this process only to the given endpoint, and is kept nowhere."""

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        """`endpoint` raises RecognitionError."""
        self._endpoint = endpoint
        self._model = model

    def begin(self, language: str = "") -> Recognition:
        self._endpoint.get_ready()  # while they speak
        return _Collected(self, language)

    async def check(self) -> str:
        return await self._endpoint.offers(self._model)

    async def transcribe(self, pcm: bytes, rate: int = HEARING_RATE, language: str = "") -> str:
        """What is said in mono 16-bit samples; "" when it has no words. Raises RecognitionError."""
        sound = ("speech.wav", wav_of(pcm, rate), "audio/wav")
        spoken: dict[str, Any] = {"language": language.partition("-")[0]} if language else {}
        async with self._endpoint.asked(
            lambda client: client.audio.transcriptions.with_streaming_response.create(
                model=self._model, file=sound, response_format="json", **spoken
            )
        ) as answer:
            body = await answer.whole(BYTES)
        try:
            text = json.loads(body or b"")["text"]
        except (ValueError, LookupError, TypeError, RecursionError):
            raise self._endpoint.no("transcription") from None
        if not isinstance(text, str):
            raise self._endpoint.no("transcription")
        return words(text)


class _Collected:
    """A turn that is sent when it is over, as such endpoints take a recording and no stream."""

    text = ""

    def __init__(self, recogniser: OpenAIRecogniser, language: str) -> None:
        self._recogniser = recogniser
        self._language = language
        self._pcm = bytearray()

    def feed(self, pcm: bytes) -> None:
        self._pcm += pcm[: 2 * LONGEST * HEARING_RATE - len(self._pcm)]

    async def finish(self) -> str:
        if not self._pcm:
            return ""
        return await self._recogniser.transcribe(bytes(self._pcm), HEARING_RATE, self._language)

    def abandon(self) -> None:
        self._pcm.clear()


_: type[Recogniser] = OpenAIRecogniser
