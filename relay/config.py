"""All settings: one frozen section per room, read from one TOML file with environment variables over it.

`RELAY_TWITCH__CLIENT_ID=…` sets `twitch.client_id`. Every key is explained in config/relay.example.toml.
"""

import os
import string
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from relay.errors import ConfigError
from relay.model import Kind, SendAs

ENV_PREFIX = "RELAY_"
TEMPLATE_FIELDS = frozenset({"author", "platform", "text", "quote", "amount", "detail"})


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _check_template(template: str) -> str:
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"{template!r} is no template: {error}; write {{{{ for a brace") from error
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise ValueError(f"{template!r} uses a format such as {{text:>9}}; only plain fields are known")
    if unknown := {name or "" for _, name, _, _ in parts} - TEMPLATE_FIELDS:
        raise ValueError(f"{template!r} uses {sorted(unknown)}; known fields are {sorted(TEMPLATE_FIELDS)}")
    if not template.strip() or template.lstrip()[0] in "/[*":
        raise ValueError(f"{template!r} must not be empty nor begin with /, [ or *: Voxta reads those as commands")
    return template


Template = Annotated[str, AfterValidator(_check_template)]
Url = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
WebSocketUrl = Annotated[str, Field(pattern=r"^wss?://[^\s]+$")]
Seconds = Annotated[float, Field(gt=0)]


TwitchLogin = Annotated[
    str, Field(pattern=r"^[#@]?[A-Za-z0-9_]{1,25}$"), AfterValidator(lambda name: name.lstrip("#@").lower())
]


class RelaySection(Section):
    name: str = Field("relay", pattern=r"^[a-z0-9-]{1,32}$")
    data_dir: Path = Path("data")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class InboxSection(Section):
    engine: Literal["sqlite", "redis"] = "sqlite"
    path: Path | None = None
    url: SecretStr = SecretStr("redis://localhost:6379/0")
    keep: Seconds = 86_400.0
    max_count: int = Field(1_000_000, ge=1_000)
    timeout: Seconds = 5.0
    reclaim_after: Seconds = 15.0


class VoxtaSection(Section):
    mode: Literal["embedded", "server"] = "embedded"
    url: Url = "http://localhost:5384"
    api_key: SecretStr | None = None
    join: Literal["open", "chat", "character"] = "open"
    chat_id: str | None = None
    character_id: str | None = None
    timeout: Seconds = 10.0

    @model_validator(mode="after")
    def _has_target(self) -> Self:
        if self.join == "chat" and not self.chat_id:
            raise ValueError('join = "chat" needs chat_id: copy it from the address of the chat in Voxta')
        if self.join == "character" and not self.character_id:
            raise ValueError(
                'join = "character" needs character_id: copy it from the address of the character in Voxta'
            )
        return self


class CompanionSection(Section):
    host: str = "127.0.0.1"
    port: int = Field(5384, ge=0, le=65_535)
    access_key: SecretStr | None = None
    name: str = Field("Vox", min_length=1, max_length=32)
    user_name: str = Field("Streamer", min_length=1, max_length=32)
    brain: Literal["rules", "openai"] = "rules"
    seed: int = 0
    pace: float = Field(0.25, ge=0)
    base_url: Url = "http://localhost:11434/v1"
    model: str = "llama3.2"
    api_key: SecretStr | None = None
    persona: str = (
        "You are {{ char }}, the cheerful companion of the streamer {{ user }}. "
        "You answer the audience in one to three short sentences."
    )
    timeout: Seconds = 60.0


class TwitchSection(Section):
    enabled: bool = False
    client_id: str = ""
    client_secret: SecretStr | None = None
    channels: tuple[TwitchLogin, ...] = Field((), max_length=100)
    token_file: Path | None = None
    api_url: Url = "https://api.twitch.tv/helix/"
    auth_url: Url = "https://id.twitch.tv/"
    eventsub_url: WebSocketUrl = "wss://eventsub.wss.twitch.tv/ws"
    reconcile_every: Seconds = 30.0

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and not self.client_id:
            raise ValueError("client_id is missing: register an application at dev.twitch.tv and copy its client id")
        if self.enabled and not self.channels:
            raise ValueError('channels is empty: name the channels to listen to, such as ["yourname"]')
        return self


class DiscordSection(Section):
    enabled: bool = False
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


class KindRule(Section):
    send_as: SendAs
    template: Template


def _default_kinds() -> dict[Kind, KindRule]:
    def rule(send_as: SendAs, template: str) -> KindRule:
        return KindRule(send_as=send_as, template=template)

    user, event, noreply = SendAs.USER, SendAs.EVENT, SendAs.NOREPLY
    return {
        Kind.CHAT: rule(user, "{author} ({platform}){quote}"),
        Kind.ASK: rule(user, "{author} ({platform}) asks{quote}"),
        Kind.SUBSCRIBE: rule(event, "{author} just subscribed on {platform}{quote}"),
        Kind.RESUBSCRIBE: rule(event, "{author} has been subscribed for {amount} months{quote}"),
        Kind.GIFT: rule(event, "{author} gifted {amount} subscriptions to the community{quote}"),
        Kind.CHEER: rule(event, "{author} cheered {amount} bits{quote}"),
        Kind.RAID: rule(event, "{author} is raiding the stream with {amount} viewers{quote}"),
        Kind.REDEMPTION: rule(event, "{author} redeemed '{detail}'{quote}"),
        Kind.FOLLOW: rule(noreply, "{author} just followed on {platform}{quote}"),
        Kind.ONLINE: rule(noreply, "The stream on {platform} just went live{quote}"),
        Kind.OFFLINE: rule(noreply, "The stream on {platform} just ended{quote}"),
    }


class ForwardingSection(Section):
    per_minute: float = Field(20.0, gt=0)
    burst: int = Field(5, ge=1)
    viewer_per_minute: float = Field(4.0, gt=0)
    viewer_burst: int = Field(3, ge=1)
    max_age: Seconds = 120.0
    event_max_age: Seconds = 600.0
    reply_timeout: Seconds = 30.0
    kinds: dict[Kind, KindRule] = Field(default_factory=_default_kinds)

    @model_validator(mode="before")
    @classmethod
    def _over_defaults(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("kinds"), dict):
            merged: dict[str, Any] = {kind.value: rule.model_dump() for kind, rule in _default_kinds().items()}
            for kind, rule in data["kinds"].items():
                name = getattr(kind, "value", kind)
                fields = rule.model_dump() if isinstance(rule, KindRule) else rule
                merged[name] = merged.get(name, {}) | fields if isinstance(fields, dict) else fields
            return {**data, "kinds": merged}
        return data


class RepliesSection(Section):
    post_to: Literal["origin", "everywhere", "nowhere"] = "origin"
    as_reply: bool = True


class Config(BaseSettings):
    """The whole configuration. Each room gets only its own section."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    relay: RelaySection = RelaySection()
    inbox: InboxSection = InboxSection()
    voxta: VoxtaSection = VoxtaSection()
    companion: CompanionSection = CompanionSection()
    twitch: TwitchSection = TwitchSection()
    discord: DiscordSection = DiscordSection()
    forwarding: ForwardingSection = ForwardingSection()
    replies: RepliesSection = RepliesSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @property
    def inbox_path(self) -> Path:
        """The SQLite file of the embedded inbox."""
        return self.inbox.path or self.relay.data_dir / f"{self.relay.name}.db"

    @property
    def heart_file(self) -> Path:
        """Touched by a relay that runs; see `relay health`."""
        return self.relay.data_dir / f"{self.relay.name}.alive"

    @property
    def twitch_token_file(self) -> Path:
        return self.twitch.token_file or self.relay.data_dir / "twitch-token.json"


def load(path: Path | None = None, **over: Any) -> Config:
    """Read the file, put the environment over it, and check everything.

    `over` replaces whole sections, for commands that bring settings of their own. Raises ConfigError with one
    line per mistake, each naming the key, the value and the fix.
    """
    data = _read(path) if path is not None else {}
    try:
        return Config(**{**data, **over})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, path) for problem in error.errors(include_url=False))) from None
    except ValueError as error:
        raise ConfigError(f"environment: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; copy config/relay.example.toml to it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


_SECRETS = ("token", "secret", "key", "url")


def _explain(problem: Any, path: Path | None) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    source = str(path) if path is not None else "settings"
    variable = ENV_PREFIX + "__".join(str(part).upper() for part in problem["loc"])
    if variable in os.environ:
        source = f"environment variable {variable}"
    if problem["type"] == "extra_forbidden":
        return f"{source}: {key}: there is no such setting; check the spelling against config/relay.example.toml"
    message = problem["msg"].removeprefix("Value error, ")
    shown = problem.get("input")
    secret = any(word in key.rsplit(".", 1)[-1].lower() for word in _SECRETS)
    value = f" (got {shown!r})" if isinstance(shown, str | int | float | bool) and not secret else ""
    return f"{source}: {key}: {message}{value}"
