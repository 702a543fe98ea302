"""On which platform's voice channels the companion speaks and listens, by the settings."""

from typing import Any, Final

from relay.config.loading import Config
from relay.platforms import listed
from relay.platforms.info import PlatformInfo
from relay.text.for_pages import for_pages

_OWN_EAR: Final = for_pages('set hearing.through to "openai" or "local", or voice.listen_to to "nobody"')


def voice_platform(config: Config) -> PlatformInfo[Any] | None:
    """The platform whose voice channels the settings mean; None when there is none."""
    return next((info for info in listed.enabled(config) if info.voice is not None), None)


def listens_to_people(config: Config) -> bool:
    """Whether people in voice channels are heard."""
    return voice_platform(config) is not None and config.voice.listen_to != "nobody"


def nobody_understands(config: Config) -> tuple[str, str] | None:
    """Why nobody makes text of what people in voice channels say, and what to do; None where somebody may."""
    if not listens_to_people(config) or config.hearing.through != "voxta" or understands_itself(config):
        return None
    why = (
        for_pages("a Voxta Gateway takes no sound")
        if config.voxta.mode == "gateway"
        else for_pages("the companion has no ear")
    )
    return for_pages(f"people are heard and not understood, as {why}"), _OWN_EAR


def understands_itself(config: Config) -> bool:
    """Whether who answers also makes text of sound, as far as settings tell."""
    mode = config.voxta.mode
    return mode == "server" or (mode == "embedded" and config.companion.hearing != "none")


def speaks_at(config: Config, sink: str) -> bool:
    """Whether the companion is to be heard there."""
    return config.speech.enabled and sink in config.speech.sinks


def is_in_voice(config: Config, info: PlatformInfo[Any]) -> bool:
    """Whether the companion speaks or listens in voice channels of this platform."""
    return info is voice_platform(config) and (listens_to_people(config) or speaks_at(config, info.name))
