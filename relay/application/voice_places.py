"""On which platform's voice channels the companion speaks and listens, by the settings."""

from typing import Any

from relay.config.loading import Config
from relay.platforms import listed
from relay.platforms.info import PlatformInfo


def voice_platform(config: Config) -> PlatformInfo[Any] | None:
    """The platform whose voice channels the settings mean; None when there is none."""
    return next((info for info in listed.enabled(config) if info.voice is not None), None)


def listens_to_people(config: Config) -> bool:
    """Whether people in voice channels are heard."""
    return voice_platform(config) is not None and config.voice.listen_to != "nobody"


def speaks_at(config: Config, sink: str) -> bool:
    """Whether the companion is to be heard there."""
    return config.speech.enabled and sink in config.speech.sinks


def is_in_voice(config: Config, info: PlatformInfo[Any]) -> bool:
    """Whether the companion speaks or listens in voice channels of this platform."""
    return info is voice_platform(config) and (listens_to_people(config) or speaks_at(config, info.name))
