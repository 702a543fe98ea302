"""A voice at any endpoint that speaks OpenAI's text-to-speech, local or not."""

from typing import Any, Final

from relay.companion.voice.base import VoiceEngine, VoiceError
from relay.companion.voice.manner import PLAIN, Manner
from relay.config import CompanionSection
from relay.system.endpoint import Endpoint

USUAL: Final = "alloy"
PATIENCE: Final = 15.0
"""Seconds a sentence may take at most: its text waits for it."""
BYTES: Final = 16 * 2**20
"""What a sentence may have; 300 characters are about 1 MB."""


class OpenAIVoice:
    def __init__(self, settings: CompanionSection) -> None:
        self._endpoint = Endpoint(
            settings.speech_url,
            settings.speech_api_key,
            timeout=min(settings.timeout, PATIENCE),
            error=VoiceError,
            settings=("companion.speech_url", "companion.speech_model", "companion.speech_api_key"),
        )
        self._model = settings.speech_model
        self._voice = settings.speech_voice or USUAL

    async def check(self) -> str:
        return await self._endpoint.offers(self._model)

    async def speak(self, text: str, manner: Manner = PLAIN) -> bytes:
        how = self._told(manner)
        async with self._endpoint.asked(
            lambda client: client.audio.speech.with_streaming_response.create(
                model=self._model, voice=self._voice, input=text, response_format="wav", **how
            )
        ) as answer:
            wav = await answer.whole(BYTES)
        if wav is None or wav[:4] != b"RIFF":
            raise self._endpoint.no("WAV file")
        return wav

    def _told(self, manner: Manner) -> dict[str, Any]:
        """OpenAI's older models, and most others that speak its protocol, know only a speed."""
        if manner == PLAIN:
            return {}
        return {"instructions": manner.words} if self._model.startswith("gpt-") else {"speed": manner.speed}


_: type[VoiceEngine] = OpenAIVoice
