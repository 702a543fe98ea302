"""What becomes of the platforms' points that viewers spend."""

from pydantic import Field

from relay.config.base import Section


class OfferSection(Section):
    """How a reward is offered that the relay is to create."""

    cost: int = Field(ge=1)
    prompt: str = Field("", max_length=200)
    color: str = Field("", pattern=r"^(#[0-9A-Fa-f]{6})?$")
    per_stream: int | None = Field(None, ge=1)
    per_viewer: int | None = Field(None, ge=1)
    cooldown: int | None = Field(None, ge=1)
