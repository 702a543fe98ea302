"""Twitch, as the relay knows it before it is connected."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

from relay.platforms.base import Platform
from relay.platforms.info import DemoCrowd, PlatformInfo, Say, Surroundings
from relay.platforms.twitch.settings import PLATFORM, TEXT_LIMIT, TwitchSection


def _build(settings: TwitchSection, around: Surroundings) -> Platform:
    from relay.platforms.twitch.client import TwitchPlatform

    return TwitchPlatform(settings, settings.token_kept_in(around.data_dir), around.receive)


async def _check(settings: TwitchSection, data_dir: Path) -> str:
    from relay.platforms.twitch.auth import check

    return await check(settings, settings.token_kept_in(data_dir))


async def _log_in(settings: TwitchSection, data_dir: Path, say: Say, acts: Collection[str]) -> str:
    """Log in to Twitch with a code you type into its page."""
    from relay.platforms.twitch.auth import authorize

    token_file = settings.token_kept_in(data_dir)
    login = await authorize(settings, token_file, say, acts)
    return f"logged in as {login}; the token is kept in {token_file}"


TWITCH: Final = PlatformInfo(
    name=PLATFORM,
    label="Twitch",
    section=TwitchSection,
    text_limit=TEXT_LIMIT,
    build=_build,
    check=_check,
    advice="check the internet connection, and the addresses in [twitch] if you changed them",
    log_in=_log_in,
    loggers=("twitchio",),
    crowd=DemoCrowd(per_minute=30.0, has_events=True),
)
