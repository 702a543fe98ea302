"""The settings `[twitch]`, and what is known of Twitch without loading its library."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator

from relay.config.base import PlatformSection, Seconds, Url, WebSocketUrl, written

PLATFORM: Final = "twitch"
TEXT_LIMIT: Final = 500
"""Characters of a message, as the API's Send Chat Message takes them."""
CLIENT_ID: Final = ""
"""The default of `client_id`: who passes the relay on may put the id of a public application of theirs here, so that
nobody has to register one. Such an id is no secret: Twitch gives a public application none."""

_ADDRESS = re.compile(r"^(https?://)?(www\.|m\.)?twitch\.tv/(popout/)?|[#@]", re.IGNORECASE)
_BEHIND = re.compile(r"(?<=\w)[/?#].*$")


def _login(name: object) -> object:
    """The name alone, also from a channel's address."""
    return _BEHIND.sub("", _ADDRESS.sub("", name.strip(), count=1)).lower() if isinstance(name, str) else name


TwitchLogin = Annotated[
    str, BeforeValidator(_login), written(r"[a-z0-9_]{1,25}", "the channel's name, as behind twitch.tv/")
]


class TwitchSection(PlatformSection):
    client_id: str = CLIENT_ID
    client_secret: SecretStr | None = None
    channels: tuple[TwitchLogin, ...] = Field((), max_length=10_000)
    token_file: Path | None = None
    transport: Literal["login", "conduit"] = "login"
    shards: int = Field(2, ge=1, le=20_000)
    shard_ids: tuple[int, ...] = ()
    conduit: str = ""
    api_url: Url = "https://api.twitch.tv/helix/"
    auth_url: Url = "https://id.twitch.tv/"
    eventsub_url: WebSocketUrl = "wss://eventsub.wss.twitch.tv/ws"
    shared_chat: Literal["ignore", "hear", "mark"] = "ignore"
    automod: bool = False
    whispers: bool = False
    restricted_chat: Literal["ignore", "hold", "mark"] = "ignore"
    reconcile_every: Seconds = 30.0

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and not self.client_id:
            raise ValueError("client_id is missing: register an application at dev.twitch.tv and copy its client id")
        if self.enabled and not self.channels:
            raise ValueError('channels is empty: name the channels to listen to, such as ["yourname"]')
        if self.enabled and self.by_conduit and self.client_secret is None:
            raise ValueError(
                "client_secret is missing: a conduit needs the secret of a confidential application from "
                "dev.twitch.tv, best as RELAY_TWITCH__CLIENT_SECRET"
            )
        if any(not 0 <= number < self.shards for number in self.shard_ids):
            raise ValueError(f"shard_ids: the shards are numbered 0 to {self.shards - 1}")
        return self

    def listened_to(self) -> tuple[str, ...]:
        return self.channels

    def account(self) -> str:
        return f"{self.client_id} {self.token_file.name if self.token_file is not None else ''}"

    @property
    def by_conduit(self) -> bool:
        return self.transport == "conduit"

    def token_kept_in(self, data_dir: Path) -> Path:
        """The file with the login."""
        return self.token_file or data_dir / "twitch-token.json"
