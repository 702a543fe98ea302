"""The settings `[irc]`."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from relay.config.base import PlatformSection

PLATFORM: Final = "irc"
TEXT_LIMIT: Final = 400
"""Characters; a line of IRC has 512 bytes at most, with who and where."""

ChannelName = Annotated[str, Field(pattern=r"^#[^\s,:]{1,49}$")]


class IrcSection(PlatformSection):
    host: str = "localhost"
    port: int = Field(6667, ge=1, le=65_535)
    nick: str = Field("vox", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,15}$")
    channels: tuple[ChannelName, ...] = ()

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and not self.channels:
            raise ValueError('channels is empty: name the channels to listen to, such as ["#room"]')
        return self

    def listened_to(self) -> tuple[str, ...]:
        return self.channels
