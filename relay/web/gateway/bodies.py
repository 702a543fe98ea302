"""What callers of a Voxta Gateway send."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Source = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w .:-]+$", max_length=64)]


class GatewayBody(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)  # as the published gateway does


class EmptyBody(GatewayBody):
    """Nothing."""


class SpeakerStarts(GatewayBody):
    """Somebody talks."""

    source: Source = Field(description="who, such as npc")
    reason: str | None = Field(None, max_length=500)


class SpeakerStops(GatewayBody):
    """They are done."""

    trigger_response: bool = Field(True, description="false: nobody wants an answer")
    source: Source | None = Field(
        None, description="which speaker; all that were started where it is left out, as the Gateway's callers do"
    )


class SaidLine(GatewayBody):
    """Somebody says something."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
    source: Source = Field("user", description="user is the streamer")
    author: str | None = Field(None, max_length=100)
    immediate_reply: bool | None = Field(
        None, description="whether the companion answers; only what the user says is answered, where it is left out"
    )


class GivenContext(GatewayBody):
    """What the companion knows from now on."""

    key: Annotated[str, StringConstraints(pattern=r"^[\w .:-]+$", max_length=64)]
    content: str = Field(max_length=8_000)
    description: str | None = Field(None, max_length=1_000, description="stands in the chat as well")


class PlayedMessage(GatewayBody):
    """Something else plays the companion's voice."""

    character_id: str = Field(max_length=100)
    message_id: str | None = Field(None, max_length=100, description="the newest one where it is left out")
