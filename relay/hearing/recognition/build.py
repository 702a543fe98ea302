"""The recogniser that the settings want."""

from typing import Final

from relay.config import HearingSection
from relay.hearing.base import Recogniser, RecognitionError
from relay.hearing.recognition.openai import OpenAIRecogniser
from relay.system.endpoint import Endpoint

PATIENCE: Final = 15.0
"""Seconds an endpoint may take for a turn; who has waited longer has given up on an answer."""


def recogniser_for(settings: HearingSection) -> Recogniser | None:
    """None where Voxta recognises speech itself."""
    match settings.through:
        case "voxta":
            return None
        case "openai":
            endpoint = Endpoint(
                settings.url,
                settings.api_key,
                timeout=PATIENCE,
                error=RecognitionError,
                settings=("hearing.url", "hearing.model", "hearing.api_key"),
            )
            return OpenAIRecogniser(endpoint, settings.model)
