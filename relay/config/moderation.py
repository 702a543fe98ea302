"""What moderators and filters allow."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from relay.config.base import Seconds, Section
from relay.model import Kind, Role
from relay.text.blocked_terms import check_term
from relay.text.for_pages import for_pages

_RATE_NAME = re.compile(
    r"^(all|viewer|speaker|platform\.[a-z]+"
    rf"|kind\.({'|'.join(kind.value for kind in Kind)})|role\.({'|'.join(role.value for role in Role)}))$"
)


def check_rate_name(name: str) -> str:
    """Raises ValueError for a name no rate can have."""
    if not _RATE_NAME.match(name):
        raise ValueError(
            for_pages(f"{name!r} is no rate: use all, viewer, speaker, platform.twitch, kind.chat, role.vip, …")
        )
    return name


RateName = Annotated[str, AfterValidator(check_rate_name)]
Rate = Annotated[float, Field(ge=0, le=1_000_000)]


class BudgetSection(Section):
    rates: dict[RateName, Rate] = Field(default_factory=lambda: {"all": 20.0, "viewer": 4.0, "speaker": 20.0})
    bursts: dict[RateName, Annotated[int, Field(ge=1)]] = Field(
        default_factory=lambda: {"all": 5, "viewer": 3, "speaker": 8}
    )

    @model_validator(mode="after")
    def _has_the_two(self) -> Self:
        if missing := {"all", "viewer"} - self.rates.keys():
            raise ValueError(f"rates lacks {sorted(missing)}: both `all` and `viewer` need a rate")
        return self


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
