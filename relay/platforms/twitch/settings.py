"""The settings `[twitch]`, and what is known of Twitch without loading its library."""

import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from relay.config.base import PlatformSection, Seconds, Url, WebSocketUrl, written
from relay.config.processes import Listen

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
WebhookUrl = Annotated[
    str,
    written(
        r"(https://[^\s/?#@:]+(:443)?/[^\s?#]*)?",
        "an address with a path that begins with https:// and has no other port than 443, as Twitch asks no others",
    ),
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
    webhook_shards: tuple[int, ...] = ()
    webhook_url: WebhookUrl = ""
    webhook_listen: Listen = "127.0.0.1:8082"
    webhook_secret: SecretStr | None = None
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
        for name, numbers in (("shard_ids", self.shard_ids), ("webhook_shards", self.webhook_shards)):
            if any(not 0 <= number < self.shards for number in numbers):
                raise ValueError(f"{name}: the shards are numbered 0 to {self.shards - 1}")
        if self.enabled and self.webhook_shards:
            self._refuse_half_a_webhook()
        return self

    def _refuse_half_a_webhook(self) -> None:
        if not self.by_conduit:
            raise ValueError('webhook_shards are those of a conduit: set transport = "conduit"')
        if not self.webhook_url:
            raise ValueError(
                "webhook_url is missing: the https address at which Twitch reaches webhook_listen through your proxy"
            )
        if self.webhook_secret is None:
            raise ValueError(
                "webhook_secret is missing: make up 10 to 100 letters and digits, and set RELAY_TWITCH__WEBHOOK_SECRET"
            )

    @field_validator("webhook_secret")
    @classmethod
    def _is_a_secret_for_twitch(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not re.fullmatch(r"[!-~]{10,100}", secret.get_secret_value()):
            raise ValueError("needs 10 to 100 letters, digits or signs of ASCII, as Twitch wants it")
        return secret

    def listened_to(self) -> tuple[str, ...]:
        return self.channels

    def account(self) -> str:
        return f"{self.client_id} {self.token_file.name if self.token_file is not None else ''}"

    def heard_alone(self) -> str | None:
        return None if self.by_conduit else "all"

    @property
    def by_conduit(self) -> bool:
        return self.transport == "conduit"

    @property
    def webhooks_here(self) -> frozenset[int]:
        """The shards of this process of whose events Twitch tells by HTTP."""
        return self._here & frozenset(self.webhook_shards)

    @property
    def sockets_here(self) -> frozenset[int]:
        """The others."""
        return self._here - frozenset(self.webhook_shards)

    @property
    def _here(self) -> frozenset[int]:
        return frozenset(self.shard_ids or range(self.shards))

    def token_kept_in(self, data_dir: Path) -> Path:
        """The file with the login."""
        return self.token_file or data_dir / "twitch-token.json"
