"""The whole configuration: the sections all relays have, and one for each platform there is."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, create_model

from relay.application.settings.secrets import Secrets
from relay.config import SpeechSection
from relay.config.loading import Config, Whereabouts, checked, read
from relay.platforms import listed
from relay.platforms.info import PlatformInfo


def load(path: Path | None = None, **over: Any) -> Config:
    """Read the file, put the environment over it, and check everything; see `read`."""
    secrets = Secrets(path).read() if path is not None else {}
    return read(settings_model(listed.PLATFORMS), path, over, secrets)


def meaning(text: str, path: Path, secrets: Mapping[str, str]) -> Config:
    """What the settings would be with this text in the file and these secrets; see `checked`."""
    return checked(settings_model(listed.PLATFORMS), text, path, {}, secrets)


def whereabouts(path: Path | None) -> Whereabouts:
    """Of a relay with these settings, whether or not the rest of them is right."""
    return read(Whereabouts, path, {})


@cache
def settings_model(platforms: tuple[PlatformInfo[Any], ...]) -> type[Config]:
    """What the settings are with these platforms."""
    sections: dict[str, Any] = {info.name: (info.section, info.section()) for info in platforms}
    speech = _speech_section(platforms)
    return create_model("Settings", __base__=Config, **sections, speech=(speech, speech()))


def _speech_section(platforms: tuple[PlatformInfo[Any], ...]) -> type[SpeechSection]:
    """With a sink for each platform that has voice channels."""
    sinks = (*(info.name for info in platforms if info.voice is not None), *SpeechSection().sinks)
    kinds: Any = Literal[sinks]
    return create_model("SpeechSection", __base__=SpeechSection, sinks=(tuple[kinds, ...], Field(sinks, min_length=1)))
