"""The configuration: one TOML file with environment variables over it.

`RELAY_VOXTA__API_KEY=…` sets `voxta.api_key`, as does such a line in a file `.env` beside the settings.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from relay.config import (
    AvatarSection,
    BudgetSection,
    CommandsSection,
    CompanionSection,
    FiltersSection,
    FloorSection,
    ForwardingSection,
    HearingSection,
    InboxSection,
    MemorySection,
    ObsSection,
    OperationsSection,
    OutboundSection,
    ProcessesSection,
    RedemptionsSection,
    RelaySection,
    RepliesSection,
    RewardSections,
    ScenarioSection,
    SelectionSection,
    SpeechSection,
    VoiceSection,
    VoxtaSection,
    VTubeStudioSection,
    WebSection,
    mistakes,
)
from relay.config.base import FOLDER, Section
from relay.config.environment import ENV_PREFIX, DotEnv, Environment, unreadable, written_in
from relay.config.places import data_folder, own_file
from relay.config.text_files import encoding_of, text_in
from relay.errors import ConfigError, SettingMistake, WrongSettings


class Whereabouts(BaseSettings):
    """What reaches a relay that runs on this machine. No other setting has to be there, nor right."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    relay: RelaySection = RelaySection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        assert isinstance(dotenv_settings, DotEnvSettingsSource)
        file, encoding = dotenv_settings.env_file, dotenv_settings.env_file_encoding
        return Environment(settings_cls), DotEnv(settings_cls, file, encoding), init_settings

    @property
    def audit_file(self) -> Path:
        """Who changed what, when."""
        return self.relay.data_dir / f"{self.relay.name}.audit.jsonl"

    @property
    def control_file(self) -> Path:
        """How `relay ctl` reaches the relay that runs with these settings."""
        return self.relay.data_dir / f"{self.relay.name}.control"

    @property
    def links_file(self) -> Path:
        """Who else may use the desk, and the addresses that do one act."""
        return self.relay.data_dir / f"{self.relay.name}.links.json"

    @property
    def models_folder(self) -> Path:
        """Recognisers and voices that were fetched."""
        return self.relay.data_dir / "models"

    @property
    def heartbeat_file(self) -> Path:
        """Written by a relay that runs; see `relay health`."""
        return self.relay.data_dir / f"{self.relay.name}.alive"


class Config(Whereabouts):
    """What the settings have whatever the platforms are. Each room gets only its own section."""

    model_config = SettingsConfigDict(extra="forbid")

    inbox: InboxSection = InboxSection()
    voxta: VoxtaSection = VoxtaSection()
    companion: CompanionSection = CompanionSection()
    scenario: ScenarioSection = ScenarioSection()
    memory: MemorySection = MemorySection()
    filters: FiltersSection = FiltersSection()
    budget: BudgetSection = BudgetSection()
    outbound: OutboundSection = OutboundSection()
    selection: SelectionSection = SelectionSection()
    forwarding: ForwardingSection = ForwardingSection()
    commands: CommandsSection = CommandsSection()
    rewards: RewardSections = ()
    redemptions: RedemptionsSection = RedemptionsSection()
    replies: RepliesSection = RepliesSection()
    floor: FloorSection = FloorSection()
    speech: SpeechSection = SpeechSection()
    voice: VoiceSection = VoiceSection()
    hearing: HearingSection = HearingSection()
    obs: ObsSection = ObsSection()
    avatar: AvatarSection = AvatarSection()
    vtube_studio: VTubeStudioSection = VTubeStudioSection()
    web: WebSection = WebSection()
    processes: ProcessesSection = ProcessesSection()
    operations: OperationsSection = OperationsSection()

    @model_validator(mode="after")
    def _can_remember(self) -> Self:
        if self.memory.summaries and self.companion.brain != "openai":
            raise ValueError(
                'memory.summaries needs a model that writes them: set companion.brain = "openai" and its address'
            )
        wanting = {"remember", "forget"}.intersection(self.scenario.allow)
        if wanting and not self.memory.enabled:
            raise ValueError(
                f"scenario.allow has {sorted(wanting)}, and nothing is remembered: set memory.enabled = true"
            )
        return self

    @property
    def memory_path(self) -> Path:
        """The SQLite file of what is remembered of people."""
        return self.memory.path or self.relay.data_dir / f"{self.relay.name}.memory.db"

    @property
    def inbox_path(self) -> Path:
        """The SQLite file of the embedded inbox."""
        return self.inbox.path or self.relay.data_dir / f"{self.relay.name}.db"

    @property
    def vtube_studio_token_file(self) -> Path:
        """What VTube Studio gave once its user had allowed the relay."""
        return self.relay.data_dir / "vtube-studio-token.json"

    @property
    def voxta_token_file(self) -> Path:
        return self.voxta.token_file or self.relay.data_dir / "voxta-token.json"


C = TypeVar("C", bound=Whereabouts)


def read(model: type[C], path: Path | None, over: dict[str, Any], secrets: Mapping[str, str] | None = None) -> C:
    """Read the file, put the environment over it, and check everything; see `checked`."""
    return checked(model, text_of(path) if path is not None else "", path, over, secrets)


def checked(
    model: type[C], text: str, path: Path | None, over: dict[str, Any], secrets: Mapping[str, str] | None = None
) -> C:
    """What the file at `path` would mean if this were its text.

    `over` replaces whole sections, for commands that bring settings of their own. `secrets` are values by key that go
    before those of the file, and below the environment. Raises WrongSettings with one mistake per line, each naming
    the key, the value and the fix.
    """
    return validated(model, data_in(text, path, secrets) | over, path)


def data_in(text: str, path: Path | None, secrets: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the file at `path` would say if this were its text, unchecked, with these secrets over it."""
    data = _with_data_folder(_toml(text, path), path)
    for key, value in (secrets or {}).items():
        section, _, name = key.partition(".")
        if isinstance(data.setdefault(section, {}), dict):
            data[section][name] = value
    return data


def validated(model: type[C], data: dict[str, Any], path: Path | None) -> C:
    """These settings with the environment over them, checked. Raises WrongSettings."""
    beside = path and path.with_name(".env")
    data = rooted(data, model, path)
    try:
        return model(_env_file=beside, _env_file_encoding=encoding_of(beside) if beside else None, **data)
    except ValidationError as error:
        raise WrongSettings(told(error, model, path)) from None
    except SettingsError:
        raise WrongSettings([SettingMistake("", line, line) for line in unreadable(path)]) from None


def rooted(data: Mapping[str, Any], model: type[BaseModel], path: Path | None) -> dict[str, Any]:
    """The same where paths that are not whole count from the folder of the file at `path`, wherever it is read."""
    if path is None:
        return dict(data)
    folder = path.parent.absolute()  # `.` would leave of `./mine`, which is a folder, what reads as a name
    return {name: _rooted(value, model.model_fields.get(name), folder) for name, value in data.items()}


def _rooted(value: Any, field: FieldInfo | None, folder: Path) -> Any:
    kind = field.annotation if field is not None else None
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, Section):
        return {name: _rooted(each, kind.model_fields.get(name), folder) for name, each in value.items()}
    return str(folder / value) if isinstance(value, str) and field is not None and _is_path(value, field) else value


def _is_path(value: str, field: FieldInfo) -> bool:
    """Whether this is one there, and not in somebody's home."""
    may_be = Path in (field.annotation, *get_args(field.annotation))
    is_one = may_be or (FOLDER in field.metadata and any(sign in value for sign in "/\\"))
    return is_one and not value.startswith("~")


def _with_data_folder(data: dict[str, Any], path: Path | None) -> dict[str, Any]:
    section = data.get("relay", {})
    return data | {"relay": {"data_dir": data_folder(path)} | section} if isinstance(section, dict) else data


def text_of(path: Path) -> str:
    """What the file says; nothing where this user's own is not there yet. Raises ConfigError."""
    try:
        return text_in(path)
    except FileNotFoundError:
        if path == own_file():  # where the page writes it once there is something to write
            return ""
        raise ConfigError(
            f"{path}: there is no such file; write it, such as from relay.example.toml, "
            "or make your settings on the page that `relay run` serves without --config"
        ) from None


def _toml(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {mistakes.of_toml(text, error)}") from None


def told(
    error: ValidationError, model: type[Whereabouts], path: Path | None, below: tuple[str, ...] = ()
) -> list[SettingMistake]:
    """All that is wrong, but for what follows from another mistake: a list that is empty without its wrong entries.

    `below` is where in the file these settings stand, such as `companions.ann`.
    """
    problems = error.errors(include_url=False)
    places = [problem["loc"] for problem in problems]
    return [
        _mistake(problem, model, path, below)
        for problem in problems
        if not any(place[: len(problem["loc"])] == problem["loc"] != place for place in places)
    ]


def _mistake(problem: Any, model: type[Whereabouts], path: Path | None, below: tuple[str, ...]) -> SettingMistake:
    words = mistakes.in_words(problem, mistakes.names_at(model, problem["loc"]))
    return mistake_at((*below, *problem["loc"]), words, path)


def mistake_at(loc: tuple[int | str, ...], words: str, path: Path | None) -> SettingMistake:
    """What is wrong at this place, with where it was written."""
    key = ".".join(str(part) for part in loc if part != "[key]")
    return SettingMistake(key, words, ": ".join(part for part in (written_in(loc, path), key, words) if part))
