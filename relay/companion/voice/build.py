"""Which voice the settings ask for."""

from collections.abc import Container
from pathlib import Path
from typing import Final

from relay.companion.voice.base import Mute, Synthesizer, VoiceEngine
from relay.companion.voice.espeak import Espeak
from relay.companion.voice.openai import OpenAIVoice
from relay.companion.voice.reading import ReadingVoice
from relay.config import CompanionSection
from relay.text.aloud.reading import ReadAloud

MODELS: Final = Path("data", "models")
"""Where local voices are, unless the settings name another data folder."""


def voice_for(
    settings: CompanionSection, models: Path = MODELS, *, emotes: Container[str] = frozenset()
) -> Synthesizer:
    """What reads texts aloud as they are shown, but for `emotes`. Raises ConfigError when there is no such voice."""
    read = ReadAloud(language_of(settings), settings.pronunciation, emotes=emotes)
    return ReadingVoice(engine_for(settings, models), read)


def engine_for(settings: CompanionSection, models: Path = MODELS) -> VoiceEngine:
    """What says words. `models` is the folder of local voices. Raises ConfigError when there is no such voice."""
    match settings.speech:
        case "espeak":
            return Espeak(settings.speech_voice)
        case "openai":
            return OpenAIVoice(settings)
        case "local":
            from relay.companion.voice.local import LocalVoice
            from relay.models.store import ModelStore

            return LocalVoice(ModelStore(models), settings.speech_local, settings.speech_voice, language_of(settings))
        case "none":
            return Mute()


def language_of(settings: CompanionSection) -> str:
    """What the voice speaks, as far as the settings tell; "" where they do not."""
    if settings.speech_language or settings.speech not in ("espeak", "local"):
        return settings.speech_language
    if settings.speech == "espeak":
        return settings.speech_voice
    from relay.models.catalogue import CATALOGUE

    model = CATALOGUE.get(settings.speech_local)
    return model.languages[0] if model is not None and len(model.languages) == 1 else ""
