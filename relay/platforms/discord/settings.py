"""The settings `[discord]`, and what is known of Discord without loading its library."""

from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from relay.config.base import PlatformSection

PLATFORM: Final = "discord"
TEXT_LIMIT: Final = 2_000
"""Characters of a message, as bots may write them."""


class DiscordSection(PlatformSection):
    token: SecretStr | None = None
    channels: tuple[Annotated[int, Field(gt=0)], ...] = ()
    listen_to: Literal["all", "addressed"] = "all"
    connect_to: str | None = Field(None, pattern=r"^[^\s:]+:\d{1,5}$")
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and self.token is None:
            raise ValueError("token is missing: set RELAY_DISCORD__TOKEN to the bot token of your Discord application")
        if self.enabled and not self.channels:
            raise ValueError("channels is empty: list the ids of the text channels to listen to")
        if self.connect_to is not None and not 0 < int(self.connect_to.rpartition(":")[2]) < 65_536:
            raise ValueError(f"connect_to is {self.connect_to!r}: write host:port with a port from 1 to 65535")
        return self
