"""From speech to text, at any endpoint that speaks OpenAI's transcriptions, local or not."""

import io
import json
import logging
import re
import wave
from typing import Final

from relay.companion.endpoint import Endpoint
from relay.config import CompanionSection
from relay.errors import RelayError

log = logging.getLogger(__name__)

BYTES: Final = 2**20
"""What an answer may have."""
CHARACTERS: Final = 2_000
"""What is kept of a text; 30 s of fast speech are about 700."""

_SOUNDS: Final = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\*[^*]*\*|[♪♫]+")
"""How models write what is not speech: [BLANK_AUDIO], (applause), *coughs*."""


class TranscriptionError(RelayError):
    """Speech could not be understood. Its text is fit to be shown and holds no secret."""


class Transcriber:
    """Speech leaves this process only to the configured endpoint, and is kept nowhere."""

    def __init__(self, settings: CompanionSection) -> None:
        self._endpoint = Endpoint(
            settings.hearing_url,
            settings.hearing_api_key,
            timeout=settings.timeout,
            error=TranscriptionError,
            settings=("hearing_url", "hearing_model", "hearing_api_key"),
        )
        self._model = settings.hearing_model
        self._well = True

    async def check(self) -> str:
        return await self._endpoint.offers(self._model)

    async def transcribe(self, pcm: bytes, rate: int) -> str:
        """What is said in mono 16-bit samples; empty when it is nothing, or failed, which is logged once."""
        try:
            text = await self._ask(pcm, rate)
        except TranscriptionError as error:
            if self._well:
                log.warning("What people say is not understood: %s", error)
            self._well = False
            return ""
        self._well = True
        return _words(text)

    async def _ask(self, pcm: bytes, rate: int) -> str:
        sound = ("speech.wav", _wav(pcm, rate), "audio/wav")
        async with self._endpoint.asked(
            lambda client: client.audio.transcriptions.with_streaming_response.create(
                model=self._model, file=sound, response_format="json"
            )
        ) as answer:
            body = await answer.whole(BYTES)
        try:
            text = json.loads(body or b"")["text"]
        except (ValueError, LookupError, TypeError):
            raise self._endpoint.no("transcription") from None
        if not isinstance(text, str):
            raise self._endpoint.no("transcription")
        return text


def transcriber_for(settings: CompanionSection) -> Transcriber | None:
    """None when the companion does not listen."""
    return Transcriber(settings) if settings.hearing == "openai" else None


def _words(text: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text[: 2 * CHARACTERS])
    return " ".join(_SOUNDS.sub(" ", plain).split())[:CHARACTERS]


def _wav(pcm: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return file.getvalue()
