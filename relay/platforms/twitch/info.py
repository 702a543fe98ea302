"""Twitch, as the relay knows it before it is connected."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from relay.guide import Changes, Guide
from relay.platforms.base import ChannelRewards, Platform
from relay.platforms.info import DemoCrowd, PlatformInfo, PlatformWishes, Say, Surroundings
from relay.platforms.twitch.settings import PLATFORM, TEXT_LIMIT, TwitchSection


def _build(settings: TwitchSection, around: Surroundings) -> Platform:
    from relay.platforms.twitch.client import TwitchPlatform

    token_file = settings.token_kept_in(around.data_dir)
    return TwitchPlatform(
        settings,
        token_file,
        around.receive,
        wishes=around.wishes,
        notes=around.notes,
        remembered=around.remembered,
    )


async def _check(settings: TwitchSection, data_dir: Path, wishes: PlatformWishes) -> str:
    from relay.platforms.twitch.auth import check

    return await check(settings, settings.token_kept_in(data_dir), wishes)


async def _log_in(settings: TwitchSection, data_dir: Path, say: Say, wishes: PlatformWishes) -> str:
    """Log in to Twitch with a code you type into its page."""
    from relay.platforms.twitch.auth import authorize

    token_file = settings.token_kept_in(data_dir)
    login = await authorize(settings, token_file, say, wishes.acts, wishes.kinds, rewards=wishes.rewards)
    return f"logged in as {login}; the token is kept in {token_file}"


async def _set_up(settings: TwitchSection, data_dir: Path, wishes: PlatformWishes, guide: Guide) -> Changes:
    from relay.platforms.twitch.setting_up import set_up

    return await set_up(settings, data_dir, wishes, guide)


@asynccontextmanager
async def _rewards(settings: TwitchSection, data_dir: Path) -> AsyncIterator[ChannelRewards]:
    from relay.platforms.twitch.rewards import reached

    async with reached(settings, settings.token_kept_in(data_dir)) as rewards:
        yield rewards


TWITCH: Final = PlatformInfo(
    name=PLATFORM,
    label="Twitch",
    section=TwitchSection,
    text_limit=TEXT_LIMIT,
    build=_build,
    check=_check,
    advice="check the internet connection, and the addresses in [twitch] if you changed them",
    log_in=_log_in,
    set_up=_set_up,
    rewards=_rewards,
    to_tell_one_alone=lambda settings: "" if settings.whispers else f"{PLATFORM}.whispers = true",
    loggers=("twitchio",),
    crowd=DemoCrowd(per_minute=30.0, has_events=True),
)
