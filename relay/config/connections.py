"""Where the relay lives and what it is connected to."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator

from relay.config.base import NameOrFolder, Seconds, Section, Url, is_loopback, written


class RelaySection(Section):
    name: Annotated[str, written(r"[A-Za-z0-9_-]{1,40}", "1 to 40 letters, digits, - and _")] = "relay"
    data_dir: Path = Path("data")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    audit_size: int = Field(5_000_000, ge=10_000)
    audit_files: int = Field(5, ge=2)


class InboxSection(Section):
    engine: Literal["sqlite", "redis"] = "sqlite"
    path: Path | None = None
    url: SecretStr = SecretStr("redis://localhost:6379/0")
    keep: Seconds = 86_400.0
    max_count: int = Field(1_000_000, ge=1_000)
    timeout: Seconds = 5.0
    lease: Seconds = 3.0
    tls_ca: Path | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_check_host: bool = True
    sentinel_user: str | None = None
    sentinel_password: SecretStr | None = None

    @model_validator(mode="after")
    def _has_certificate(self) -> Self:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key belongs to a certificate: name its file in tls_certificate")
        return self


ActName = Literal[
    "post",
    "sound",
    "rate",
    "mode",
    "skip",
    "speak",
    "poll",
    "prediction",
    "shoutout",
    "clip",
    "title",
    "game",
    "timeout",
    "react",
    "pin",
    "scene",
    "source",
    "replay",
    "expression",
    "hotkey",
    "relay.command",
    "remember",
    "forget",
]
"""What a scenario may be allowed to do."""


Scope = Annotated[str, written(r"[a-z]+:[a-z-]{1,32}", "it as Voxta does, such as role:app")]


class VoxtaSection(Section):
    mode: Literal["embedded", "server", "gateway"] = "embedded"
    url: Url = "http://localhost:5384"
    gateway_url: Url = "http://localhost:8081"
    api_key: SecretStr | None = None
    token_file: Path | None = None
    scope: tuple[Scope, ...] = Field(("role:app", "role:user", "role:inspector", "role:admin"), min_length=1)
    join: Literal["open", "chat", "character"] = "open"
    chat_id: str | None = None
    character_id: str | None = None
    timeout: Seconds = 6.0

    @model_validator(mode="after")
    def _has_target(self) -> Self:
        if self.join == "chat" and not self.chat_id:
            raise ValueError('join = "chat" needs chat_id: copy it from the address of the chat in Voxta')
        if self.join == "character" and not self.character_id:
            raise ValueError(
                'join = "character" needs character_id: copy it from the address of the character in Voxta'
            )
        return self


KEY_LENGTH = 16
"""Characters nobody guesses."""


LanguageTag = Annotated[str, written(r"|[A-Za-z]{2,3}([-_][A-Za-z]{2,4})?", "a language such as en-us, de or fr")]
SpokenWord = Annotated[str, Field(min_length=1, max_length=100)]
"""A word or a few, of a list of how words are said."""


class CompanionSection(Section):
    host: str = Field("127.0.0.1", min_length=1)
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
    context_tokens: int = Field(6_000, ge=500)
    scenario: Path | None = None
    database: Path | None = None
    chat_messages: int = Field(10_000, ge=200)
    chat_days: float = Field(365.0, gt=0)
    begin_early: bool = False
    speech: Literal["none", "espeak", "openai", "local"] = "none"
    speech_local: NameOrFolder = ""
    speech_url: Url = "http://localhost:8880/v1"
    speech_model: str = "tts-1"
    speech_voice: str = ""
    speech_api_key: SecretStr | None = None
    speech_language: LanguageTag = ""
    pronunciation: dict[SpokenWord, SpokenWord] = Field(default_factory=dict)
    speech_kept: float = Field(64.0, gt=0)
    hearing: Literal["none", "openai", "local"] = "none"
    hearing_local: NameOrFolder = ""
    hearing_language: LanguageTag = ""
    hearing_url: Url = "http://localhost:8000/v1"
    hearing_model: str = "whisper-1"
    hearing_api_key: SecretStr | None = None

    @model_validator(mode="after")
    def _is_closed_to_strangers(self) -> Self:
        key = self.access_key.get_secret_value() if self.access_key else ""
        if not is_loopback(self.host) and len(key) < KEY_LENGTH:
            raise ValueError(
                f"host is {self.host!r}, which other machines can reach, and access_key is missing or short: "
                f"set RELAY_COMPANION__ACCESS_KEY to {KEY_LENGTH} characters or more, or host to 127.0.0.1"
            )
        return self


class ScenarioSection(Section):
    """What Voxta's scenario learns of the stream, and what it may do there."""

    allow: tuple[ActName, ...] = ()
    script_events: bool = True
    contexts: bool = True
    sounds: Path | None = None

    @model_validator(mode="after")
    def _has_sounds(self) -> Self:
        if "sound" in self.allow and self.sounds is None:
            raise ValueError("sounds is missing: name the folder of the sounds that scenarios may play")
        return self
