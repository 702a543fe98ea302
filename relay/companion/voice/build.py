"""Which voice the settings ask for."""

from relay.companion.voice.base import Mute, Synthesizer
from relay.companion.voice.espeak import Espeak
from relay.companion.voice.openai import OpenAIVoice
from relay.companion.voice.reading import ReadingVoice
from relay.config import CompanionSection
from relay.text.aloud.reading import ReadAloud


def voice_for(settings: CompanionSection) -> Synthesizer:
    """What reads texts aloud as they are shown. Raises ConfigError when there is no such voice."""
    language = settings.speech_language or (settings.speech_voice if settings.speech == "espeak" else "")
    return ReadingVoice(engine_for(settings), ReadAloud(language, settings.pronunciation))


def engine_for(settings: CompanionSection) -> Synthesizer:
    """What says words. Raises ConfigError when there is no such voice."""
    match settings.speech:
        case "espeak":
            return Espeak(settings.speech_voice)
        case "openai":
            return OpenAIVoice(settings)
        case "none":
            return Mute()
