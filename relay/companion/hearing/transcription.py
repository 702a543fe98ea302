"""The companion's own ear: speech becomes text, or nothing when that fails."""

import logging

from relay.config import CompanionSection
from relay.hearing.base import RecognitionError
from relay.hearing.recognition.openai import OpenAIRecogniser
from relay.system.endpoint import Endpoint

log = logging.getLogger(__name__)


class Transcriber:
    def __init__(self, settings: CompanionSection) -> None:
        endpoint = Endpoint(
            settings.hearing_url,
            settings.hearing_api_key,
            timeout=settings.timeout,
            error=RecognitionError,
            settings=("companion.hearing_url", "companion.hearing_model", "companion.hearing_api_key"),
        )
        self._recogniser = OpenAIRecogniser(endpoint, settings.hearing_model)
        self._well = True

    async def check(self) -> str:
        return await self._recogniser.check()

    async def transcribe(self, pcm: bytes, rate: int) -> str:
        """What is said in mono 16-bit samples; empty when it is nothing, or failed, which is logged once."""
        try:
            text = await self._recogniser.transcribe(pcm, rate)
        except RecognitionError as error:
            if self._well:
                log.warning("What people say is not understood: %s", error)
            self._well = False
            return ""
        self._well = True
        return text


def transcriber_for(settings: CompanionSection) -> Transcriber | None:
    """None when the companion does not listen."""
    return Transcriber(settings) if settings.hearing == "openai" else None
