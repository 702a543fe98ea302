"""The configuration: one TOML file with environment variables over it.

`RELAY_VOXTA__API_KEY=…` sets `voxta.api_key`.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from relay.config import (
    BudgetSection,
    CommandsSection,
    CompanionSection,
    FiltersSection,
    FloorSection,
    ForwardingSection,
    InboxSection,
    ObsSection,
    OutboundSection,
    RelaySection,
    RepliesSection,
    ScenarioSection,
    SelectionSection,
    SpeechSection,
    VoiceSection,
    VoxtaSection,
    WebSection,
)
from relay.errors import ConfigError

ENV_PREFIX = "RELAY_"


class Config(BaseSettings):
    """What the settings have whatever the platforms are. Each room gets only its own section."""

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
    scenario: ScenarioSection = ScenarioSection()
    filters: FiltersSection = FiltersSection()
    budget: BudgetSection = BudgetSection()
    outbound: OutboundSection = OutboundSection()
    selection: SelectionSection = SelectionSection()
    forwarding: ForwardingSection = ForwardingSection()
    commands: CommandsSection = CommandsSection()
    replies: RepliesSection = RepliesSection()
    floor: FloorSection = FloorSection()
    speech: SpeechSection = SpeechSection()
    voice: VoiceSection = VoiceSection()
    obs: ObsSection = ObsSection()
    web: WebSection = WebSection()

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
    def audit_file(self) -> Path:
        """Who changed what, when."""
        return self.relay.data_dir / f"{self.relay.name}.audit.jsonl"

    @property
    def control_file(self) -> Path:
        """How `relay ctl` reaches the relay that runs with these settings."""
        return self.relay.data_dir / f"{self.relay.name}.control"

    @property
    def heartbeat_file(self) -> Path:
        """Written by a relay that runs; see `relay health`."""
        return self.relay.data_dir / f"{self.relay.name}.alive"

    @property
    def voxta_token_file(self) -> Path:
        return self.voxta.token_file or self.relay.data_dir / "voxta-token.json"


C = TypeVar("C", bound=Config)


def read(model: type[C], path: Path | None, over: dict[str, Any]) -> C:
    """Read the file, put the environment over it, and check everything.

    `over` replaces whole sections, for commands that bring settings of their own. Raises ConfigError with one
    line per mistake, each naming the key, the value and the fix.
    """
    data = _toml(path) if path is not None else {}
    try:
        return model(**{**data, **over})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(problem, path) for problem in error.errors(include_url=False))) from None
    except ValueError as error:
        raise ConfigError(f"environment: {error}") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; copy config/relay.example.toml to it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from None


_SECRETS = ("token", "secret", "key", "password", "url")


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
