"""Which voice the settings ask for."""

from relay.companion.voice.base import Mute, Synthesizer
from relay.companion.voice.espeak import Espeak
from relay.companion.voice.openai import OpenAIVoice
from relay.config import CompanionSection


def voice_for(settings: CompanionSection) -> Synthesizer:
    """Raises ConfigError when there is no such voice."""
    match settings.speech:
        case "espeak":
            return Espeak(settings.speech_voice)
        case "openai":
            return OpenAIVoice(settings)
        case "none":
            return Mute()
