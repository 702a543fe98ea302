"""The companion's own ear: speech becomes text, or nothing when that fails."""

import logging
from pathlib import Path

from relay.config import CompanionSection
from relay.hearing.base import Recogniser, RecognitionError
from relay.hearing.recognition.build import local_recogniser
from relay.hearing.recognition.openai import OpenAIRecogniser
from relay.system.endpoint import Endpoint

log = logging.getLogger(__name__)


class Transcriber:
    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser
        self._well = True

    async def check(self) -> str:
        return await self._recogniser.check()

    async def transcribe(self, pcm: bytes) -> str:
        """What is said in samples as the rooms of hearing have them; empty when it is nothing, or failed, which is
        logged once.
        """
        try:
            turn = self._recogniser.begin()
            turn.feed(pcm)
            text = await turn.finish()
        except RecognitionError as error:
            if self._well:
                log.warning("What people say is not understood: %s", error)
            self._well = False
            return ""
        self._well = True
        return text


def transcriber_for(settings: CompanionSection, models: Path) -> Transcriber | None:
    """None when the companion does not listen. `models` is where those are that were fetched. Raises ConfigError."""
    match settings.hearing:
        case "none":
            return None
        case "openai":
            endpoint = Endpoint(
                settings.hearing_url,
                settings.hearing_api_key,
                timeout=settings.timeout,
                error=RecognitionError,
                settings=("companion.hearing_url", "companion.hearing_model", "companion.hearing_api_key"),
            )
            return Transcriber(OpenAIRecogniser(endpoint, settings.hearing_model))
        case "local":
            keys = ("companion.hearing_local", "companion.hearing_language")
            return Transcriber(
                local_recogniser(settings.hearing_local, settings.hearing_language, models, settings=keys)
            )
