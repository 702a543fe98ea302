"""The face that goes with the companion's voice."""

from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from relay.config.base import Seconds, Section, WebSocketUrl

MouthParameter = Literal[
    "MouthOpen",
    "MouthSmile",
    "VoiceVolume",
    "VoiceFrequency",
    "VoiceVolumePlusMouthOpen",
    "VoiceFrequencyPlusMouthSmile",
    "VoiceA",
    "VoiceI",
    "VoiceU",
    "VoiceE",
    "VoiceO",
    "VoiceSilence",
]
"""What VTube Studio calls its inputs for a mouth."""


class VTubeStudioSection(Section):
    """A model in VTube Studio, over its plug-in API."""

    enabled: bool = False
    url: WebSocketUrl = "ws://localhost:8001"
    parameters: tuple[MouthParameter, ...] = get_args(MouthParameter)
    keep_awake: bool = False
    expressions: dict[str, str] = Field(default_factory=dict)
    hotkeys: dict[str, str] = Field(default_factory=dict)
    linger: Seconds = 2.0


class AvatarSection(Section):
    """Pictures of the companion on the overlay, for those who have no model."""

    folder: Path | None = None
