"""The settings of each room, frozen and checked. Every key is explained in config/relay.example.toml."""

import re
import string
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from relay.model import Kind, MessageOptions, Role, SendAs
from relay.terms import check_term

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
    speech: Literal["none", "espeak", "openai"] = "none"
    speech_url: Url = "http://localhost:8880/v1"
    speech_model: str = "tts-1"
    speech_voice: str = ""
    speech_api_key: SecretStr | None = None
    hearing: Literal["none", "openai"] = "none"
    hearing_url: Url = "http://localhost:8000/v1"
    hearing_model: str = "whisper-1"
    hearing_api_key: SecretStr | None = None


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


DiscordId = Annotated[int, Field(gt=0)]


class FloorSection(Section):
    """Who may speak when; times in seconds."""

    min_speech: float = Field(0.5, ge=0, le=5)
    silence: float = Field(0.5, ge=0, le=5)
    max_pause: float = Field(5.0, gt=0, le=30)
    max_hold: float = Field(120.0, gt=0)
    on_barge_in: Literal["pause", "stop"] = "pause"
    may_interrupt: tuple[Literal["voice", "game"], ...] = ("voice", "game")
    after: Literal["reply", "resume", "nothing"] = "reply"


class SpeechSection(Section):
    enabled: bool = False
    sinks: tuple[Literal["discord", "overlay"], ...] = Field(("discord", "overlay"), min_length=1)
    volume: float = Field(1.0, ge=0, le=2)
    loudness: float = Field(-18.0, ge=-40, le=-5)
    timeout: Seconds = 10.0


class VoiceSection(Section):
    """The Discord voice channels."""

    channels: tuple[DiscordId, ...] = ()
    streamer: DiscordId | None = None
    leave_alone_after: Seconds = 60.0
    listen_to: Literal["nobody", "allowed", "everyone"] = "nobody"
    allowed: tuple[DiscordId, ...] = ()
    push_to_talk: bool = False
    noise_gate: float = Field(-50.0, ge=-100, le=0)

    @model_validator(mode="after")
    def _knows_whom(self) -> Self:
        if self.listen_to == "allowed" and not self.allowed:
            raise ValueError('listen_to = "allowed" needs allowed: the ids of the people who may be heard')
        return self


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class WebSection(Section):
    enabled: bool = True
    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8081, ge=0, le=65_535)
    token: SecretStr | None = None

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
        return self


class ObsSection(Section):
    """The streamer's microphone, by its level in OBS."""

    enabled: bool = False
    url: WebSocketUrl = "ws://localhost:4455"
    password: SecretStr | None = None
    inputs: tuple[str, ...] = ("Mic/Aux",)
    threshold: float = Field(-40.0, ge=-100, le=0)
    release: Seconds = 0.3

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.enabled and not self.inputs:
            raise ValueError('inputs is empty: name the audio inputs to watch, as in OBS\'s mixer, such as ["Mic/Aux"]')
        return self


class KindRule(Section):
    send_as: SendAs
    template: Template
    interruptible: bool = True
    message: MessageOptions = MessageOptions()
    script: str = Field("", pattern=r"^[A-Za-z0-9_]{0,64}$")
    arguments: dict[str, Template] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.send_as is SendAs.SCRIPT and not self.script:
            raise ValueError('send_as = "script" needs script: the name of the listener, without `app:`')
        return self


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


class RuleSection(KindRule):
    """A rule that goes before those of the kinds. What is empty matches everything."""

    kinds: tuple[Kind, ...] = ()
    roles: tuple[Role, ...] = ()
    platforms: tuple[str, ...] = ()
    addressed: bool | None = None
    pattern: str | None = Field(None, max_length=200)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            regex.compile(pattern or "")
        except regex.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return pattern


class ForwardingSection(Section):
    reply_timeout: Seconds = 30.0
    command_prefix: str = Field("!", min_length=1, max_length=3)
    kinds: dict[Kind, KindRule] = Field(default_factory=_default_kinds)
    rules: tuple[RuleSection, ...] = ()

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


_RATE_NAME = re.compile(
    r"^(all|viewer|platform\.[a-z]+"
    rf"|kind\.({'|'.join(kind.value for kind in Kind)})|role\.({'|'.join(role.value for role in Role)}))$"
)


def check_rate_name(name: str) -> str:
    """Raises ValueError for a name no rate can have."""
    if not _RATE_NAME.match(name):
        raise ValueError(f"{name!r} is no rate: use all, viewer, platform.twitch, kind.chat, role.subscriber, …")
    return name


RateName = Annotated[str, AfterValidator(check_rate_name)]
Rate = Annotated[float, Field(ge=0, le=1_000_000)]


class BudgetSection(Section):
    rates: dict[RateName, Rate] = Field(default_factory=lambda: {"all": 20.0, "viewer": 4.0})
    bursts: dict[RateName, Annotated[int, Field(ge=1)]] = Field(default_factory=lambda: {"all": 5, "viewer": 3})

    @model_validator(mode="after")
    def _has_the_two(self) -> Self:
        if missing := {"all", "viewer"} - self.rates.keys():
            raise ValueError(f"rates lacks {sorted(missing)}: both `all` and `viewer` need a rate")
        return self


class SelectionSection(Section):
    seed: int | None = None
    loud_per_minute: float = Field(20.0, gt=0)
    gap: float = Field(8.0, ge=0)
    gap_from: Literal["forward", "speech"] = "forward"
    picks: int = Field(8, ge=1, le=20)
    events: int = Field(10, ge=1, le=50)
    events_in_a_row: int = Field(4, ge=1)
    length: int = Field(800, ge=100, le=4000)
    pool: int = Field(512, ge=16, le=100_000)
    chat_ttl: Seconds = 25.0
    quiet_ttl: Seconds = 120.0
    addressed_ttl: Seconds = 60.0
    event_ttl: Seconds = 600.0
    rest: Seconds = 120.0
    patience: Seconds = 600.0
    recent: int = Field(500, ge=0, le=10_000)
    shout: int = Field(3, ge=2)
    temperature: float = Field(0.7, gt=0)
    mention: float = 1.0
    question: float = 0.6
    supporter: float = 0.3
    echo: float = 0.25
    waited: float = 0.8
    platform: float = 0.3
    heard: float = 2.0
    chatty: float = 1.0
    age: float = 0.7


def _check_terms(terms: tuple[str, ...]) -> tuple[str, ...]:
    for term in terms:
        check_term(term)
    return terms


Terms = Annotated[tuple[str, ...], AfterValidator(_check_terms)]


class FiltersSection(Section):
    enabled: bool = True
    exempt_roles: tuple[Role, ...] = (Role.STREAMER, Role.MODERATOR)
    bots: tuple[str, ...] = (
        "Nightbot", "StreamElements", "Streamlabs", "Moobot", "Fossabot", "Wizebot", "StreamAvatars", "SoundAlerts",
        "Sery_Bot", "PokemonCommunityGame", "KofiStreamBot", "own3d", "Botisimo", "Streamcord", "MEE6", "Dyno",
    )  # fmt: skip
    blocked_viewers: tuple[str, ...] = ()
    blocked_terms: Terms = ()
    blocked_terms_are: Literal["reject", "hold"] = "reject"
    links: Literal["allow", "mask", "hold", "reject"] = "reject"
    allowed_links: tuple[str, ...] = ("twitch.tv", "youtube.com", "youtu.be")
    personal_data: bool = True
    bot_commands: bool = True
    max_length: int = Field(500, ge=1, le=2000)
    max_hidden: int = Field(10, ge=0)
    caps_from: int = Field(12, ge=1)
    max_caps: float = Field(0.8, ge=0, le=1)
    max_repeats: int = Field(5, ge=1)
    emote_only: bool = False
    repeat_within: Seconds = 60.0
    paste_length: int = Field(80, ge=1)
    paste_viewers: int = Field(3, ge=1)
    first_message: Literal["allow", "hold"] = "allow"
    hold_for: Seconds = 600.0
    least_role: dict[Kind, Role] = Field(default_factory=dict)
    scripts: tuple[str, ...] = ()


class OutboundSection(Section):
    enabled: bool = True
    blocked_terms: Terms = ()
    blocked_terms_are: Literal["mask", "hold", "drop"] = "hold"
    links: Literal["pass", "mask", "hold", "drop"] = "mask"
    allowed_links: tuple[str, ...] = ("twitch.tv", "youtube.com", "youtu.be")
    personal_data: Literal["pass", "mask", "hold", "drop"] = "mask"
    mentions: Literal["pass", "mask", "hold", "drop"] = "pass"
    hold_for: Seconds = 300.0


class RepliesSection(Section):
    post_to: Literal["origin", "everywhere", "nowhere"] = "origin"
    as_reply: bool = True
