"""The settings `[discord]`, and what is known of Discord without loading its library."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from relay.config.base import PlatformSection, written

PLATFORM: Final = "discord"
TEXT_LIMIT: Final = 2_000
"""Characters of a message, as bots may write them."""
NOTE_BEGAN: Final = "discord began"
"""The note that holds when the last session began."""
MAX_SHARDS: Final = 1_000
"""As many sessions as Discord lets a bot begin in a day; at 1,000 servers each, a million servers."""


_ADDRESS = re.compile(r"https://(?:\w+\.)?discord\.com/channels/\d+/(\d+)\S*")


def _channel(value: object) -> object:
    """The id, also from a channel's address."""
    if not isinstance(value, str):
        return value
    if address := _ADDRESS.fullmatch(value.strip()):
        return address[1]
    if not value.strip().isdigit():
        raise ValueError("write the channel's id, a number: Copy Channel ID or Copy Link in the channel's menu")
    return value


class DiscordSection(PlatformSection):
    token: SecretStr | None = None
    channels: tuple[Annotated[int, BeforeValidator(_channel), Field(gt=0)], ...] = ()
    listen_to: Literal["all", "addressed"] = "all"
    shards: Annotated[int, Field(gt=0, le=MAX_SHARDS)] | Literal["auto"] = "auto"
    shard_ids: tuple[Annotated[int, Field(ge=0)], ...] = ()
    connect_to: Annotated[str, written(r"[^\s:]+:\d{1,5}", "host:port")] | None = None
    ca_file: Path | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and self.token is None:
            raise ValueError("token is missing: set RELAY_DISCORD__TOKEN to the bot token of your Discord application")
        if self.enabled and not self.channels:
            raise ValueError("channels is empty: list the ids of the text channels to listen to")
        if self.shard_ids and self.shards == "auto":
            raise ValueError("shard_ids needs shards as a number, the same in each process: write shards = 4, say")
        if self.shards != "auto" and any(id >= self.shards for id in self.shard_ids):
            raise ValueError(
                f"shard_ids is {list(self.shard_ids)}: of {self.shards} shards, the last is {self.shards - 1}"
            )
        if len(set(self.shard_ids)) < len(self.shard_ids):
            raise ValueError(f"shard_ids is {list(self.shard_ids)}: name each shard once")
        if self.connect_to is not None and not 0 < int(self.connect_to.rpartition(":")[2]) < 65_536:
            raise ValueError(f"connect_to is {self.connect_to!r}: write host:port with a port from 1 to 65535")
        return self

    def listened_to(self) -> tuple[str, ...]:
        return tuple(map(str, self.channels))

    def account(self) -> str:
        return self.token.get_secret_value() if self.token is not None else ""

    def heard_alone(self) -> str | None:
        return "shards " + ",".join(map(str, sorted(self.shard_ids))) if self.shard_ids else "all"
