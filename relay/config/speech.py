"""The companion's voice, and who may interrupt it."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from relay.config.base import Seconds, Section, WebSocketUrl, is_loopback, written

PageUrl = Annotated[
    str,
    AfterValidator(lambda text: text.rstrip("/")),
    written(
        r"(https?://[^\s/?#@]+(/[^\s?#]*)?)?",
        "the address of the relay's pages as browsers reach them, such as https://relay.example.com, without a query",
    ),
]
PlatformId = Annotated[int, Field(gt=0)]


class FloorSection(Section):
    """Who may speak when; times in seconds."""

    min_speech: float = Field(0.5, ge=0, le=5)
    silence: float = Field(0.5, ge=0, le=5)
    max_pause: float = Field(5.0, gt=0, le=10)
    max_hold: float = Field(120.0, gt=0)
    on_barge_in: Literal["pause", "stop"] = "pause"
    may_interrupt: tuple[Literal["voice", "game"], ...] = ("voice", "game")
    after: Literal["reply", "resume", "nothing"] = "reply"


class SpeechSection(Section):
    enabled: bool = False
    sinks: tuple[str, ...] = Field(("overlay",), min_length=1)
    """The overlay, and platforms that have voice channels."""
    volume: float = Field(1.0, ge=0, le=2)
    loudness: float = Field(-18.0, ge=-40, le=-5)
    timeout: Seconds = 10.0


class VoiceSection(Section):
    """The voice channels of a platform, by its own ids."""

    channels: tuple[PlatformId, ...] = ()
    streamer: PlatformId | None = None
    leave_alone_after: Seconds = 60.0
    listen_to: Literal["nobody", "allowed", "everyone"] = "nobody"
    allowed: tuple[PlatformId, ...] = ()
    push_to_talk: bool = False
    noise_gate: float = Field(-50.0, ge=-100, le=0)
    subtitles: tuple[Literal["overlay", "channel"], ...] = ()

    @model_validator(mode="after")
    def _knows_whom(self) -> Self:
        if self.listen_to == "allowed" and not self.allowed:
            raise ValueError('listen_to = "allowed" needs allowed: the ids of the people who may be heard')
        return self


class WebSection(Section):
    enabled: bool = True
    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8081, ge=0, le=65_535)
    token: SecretStr | None = None
    public_url: PageUrl = ""

    @property
    def address(self) -> str:
        """Where browsers find the pages, without a slash at its end: on this computer, unless told otherwise."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """All under which a browser of this computer may have opened the pages: past a proxy as well."""
        of_companion = re.search(r"(/c/[A-Za-z0-9_-]+)?$", urlsplit(self.address).path)
        here = f"http://localhost:{self.port}{of_companion[0] if of_companion else ''}"
        return tuple(dict.fromkeys((self.address, here)))

    @property
    def is_public(self) -> bool:
        """Whether other machines find the pages at that address."""
        return not is_loopback(urlsplit(self.address).hostname or "")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    @field_validator("token")
    @classmethod
    def _is_hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"[A-Za-z0-9_-]{16,200}", token.get_secret_value()):
            raise ValueError("needs 16 to 200 letters, digits, _ or -, so that nobody guesses it")
        return token

    @model_validator(mode="after")
    def _is_closed_to_strangers(self) -> Self:
        if self.enabled and not self.is_local and self.token is None:
            raise ValueError(
                f"host is {self.host!r}, which other machines can reach, and token is missing: "
                "set RELAY_WEB__TOKEN to 16 letters or more, or host to 127.0.0.1"
            )
        if self.enabled and self.is_public and self.token is None:
            raise ValueError(
                f"public_url is {self.public_url!r}, which other machines can reach, and token is missing: "
                "set RELAY_WEB__TOKEN to 16 letters or more"
            )
        return self


class ObsSection(Section):
    """The streamer's OBS: the microphone by its level, and what the companion knows and does there."""

    enabled: bool = False
    url: WebSocketUrl = "ws://localhost:4455"
    password: SecretStr | None = None
    inputs: tuple[str, ...] = ("Mic/Aux",)
    threshold: float = Field(-40.0, ge=-100, le=0)
    release: Seconds = 0.3
    quiet_off_stream: bool = False
