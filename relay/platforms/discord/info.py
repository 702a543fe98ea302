"""Discord, as the relay knows it before it is connected."""

from pathlib import Path
from typing import Final

from relay.config import VoiceSection
from relay.guide import Changes, Guide
from relay.platforms.base import Platform
from relay.platforms.discord.settings import NOTE_BEGAN, PLATFORM, TEXT_LIMIT, DiscordSection
from relay.platforms.info import DemoCrowd, PlatformInfo, PlatformWishes, Surroundings
from relay.platforms.voice import Listener, VoiceChannels


def _build(settings: DiscordSection, around: Surroundings) -> Platform:
    from relay.platforms.discord.audio import DiscordAudio
    from relay.platforms.discord.client import DiscordPlatform

    audio = around.voice if isinstance(around.voice, DiscordAudio) else None
    return DiscordPlatform(
        settings,
        around.receive,
        around.controls,
        around.notes,
        look_back=around.look_back,
        wanted=around.wishes.kinds,
        voice=audio.of() if audio is not None else None,
    )


async def _check(settings: DiscordSection, _: Path, __: PlatformWishes) -> str:
    from relay.platforms.discord.check import check

    return await check(settings)


async def _set_up(settings: DiscordSection, data_dir: Path, wishes: PlatformWishes, guide: Guide) -> Changes:
    from relay.platforms.discord.setting_up import set_up

    return await set_up(settings, data_dir, wishes, guide)


def _voice(settings: VoiceSection, listener: Listener | None) -> VoiceChannels:
    from relay.platforms.discord.audio import DiscordAudio

    return DiscordAudio(settings, listener)


DISCORD: Final = PlatformInfo(
    name=PLATFORM,
    label="Discord",
    section=DiscordSection,
    text_limit=TEXT_LIMIT,
    build=_build,
    check=_check,
    advice="check the internet connection, and discord.connect_to if you set it",
    set_up=_set_up,
    voice=_voice,
    loggers=("discord",),
    crowd=DemoCrowd(per_minute=12.0),
    login_notes=(NOTE_BEGAN,),
)
