"""Which voices there are, of every engine, and how one is chosen by its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from relay.companion.voice.local_models import SPEAKERS
from relay.config import CompanionSection
from relay.config.base import revised
from relay.errors import ConfigError
from relay.models.base import Purpose
from relay.models.catalogue import CATALOGUE
from relay.models.store import ModelStore

OPENAI: Final = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
"""OpenAI's own; other endpoints have theirs."""
_SAMPLES: Final = {
    "en": "Hello! This is how I sound. Shall we play?",
    "de": "Hallo! So klinge ich. Wollen wir spielen?",
    "fr": "Bonjour ! Voici ma voix. On joue ?",
    "es": "¡Hola! Así suena mi voz. ¿Jugamos?",
}


@dataclass(frozen=True)
class ListedVoice:
    """One that may be chosen. What is in it stands for settings of `[companion]`."""

    speech: str
    """The engine."""
    name: str
    """As `relay voices play` takes it: engine/voice, or a local model, with /speaker where it has several."""
    languages: tuple[str, ...]
    about: str
    is_here: bool
    """Whether it can speak without anything being fetched or asked."""


def voices(models: Path) -> Iterator[ListedVoice]:
    """All of them; `models` is the folder of local ones."""
    here = ModelStore(models).names()
    for model in CATALOGUE.values():
        if model.purpose is Purpose.VOICE:
            for name in SPEAKERS.get(model.name, ("",)):
                full = f"{model.name}/{name}" if name else model.name
                yield ListedVoice(
                    "local", full, model.languages, f"{model.about} ({model.licence})", model.name in here
                )
    for name in OPENAI:
        yield ListedVoice("openai", f"openai/{name}", (), "at your speech endpoint", False)
    yield from _espeak()


def _espeak() -> Iterator[ListedVoice]:
    try:
        from relay.companion.voice.espeak import languages

        for tag, name in languages():
            yield ListedVoice("espeak", f"espeak/{tag}", (tag,), f"built in: {name}", True)
    except ConfigError:  # it does not load on this machine
        return


def choose(settings: CompanionSection, name: str) -> CompanionSection:
    """The settings with this voice. Raises ConfigError where there is none of the name."""
    engine, _, voice = name.partition("/")
    if engine in ("espeak", "openai"):
        return revised(settings, {"speech": engine, "speech_voice": voice, "speech_language": ""})
    model = CATALOGUE.get(engine)
    if model is None or model.purpose is not Purpose.VOICE:
        raise ConfigError(f"there is no voice {name!r}: `relay voices` lists those there are")
    local = {"speech": "local", "speech_local": engine, "speech_voice": voice, "speech_language": ""}
    return revised(settings, local)


def sample(language: str) -> str:
    """A sentence to hear a voice by, in its language where we have one, else in English."""
    return _SAMPLES.get(language.replace("_", "-").partition("-")[0].lower(), _SAMPLES["en"])
