"""IRC, as the relay knows it before it is connected."""

from pathlib import Path
from typing import Final

from relay.platforms.base import Platform
from relay.platforms.info import PlatformInfo, PlatformWishes, Surroundings
from tests.platforms.irc.client import IrcPlatform
from tests.platforms.irc.line import connected
from tests.platforms.irc.settings import PLATFORM, TEXT_LIMIT, IrcSection


def _build(settings: IrcSection, around: Surroundings) -> Platform:
    return IrcPlatform(settings, around.receive)


async def _check(settings: IrcSection, _: Path, __: PlatformWishes) -> str:
    async with connected(settings):
        return f"logged in as {settings.nick}"


IRC: Final = PlatformInfo(
    name=PLATFORM,
    label="IRC",
    section=IrcSection,
    text_limit=TEXT_LIMIT,
    build=_build,
    check=_check,
    advice="check irc.host and irc.port",
)
