"""The whole model of the settings: the sections all relays have, and one for each platform there is."""

from functools import cache
from typing import Any, Literal

from pydantic import Field, create_model

from relay.config import SpeechSection
from relay.config.loading import Config
from relay.platforms.info import PlatformInfo


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
