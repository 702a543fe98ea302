"""The platforms' chapters: each platform leads through its own."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from relay.application.desk.connecting import Chapter
from relay.config.loading import Config
from relay.guide import Changes, Guide, Phrase, phrase
from relay.platforms import listed
from relay.platforms.info import PlatformInfo, PlatformWishes


def platform_chapters() -> Iterator[Chapter]:
    """Of those that can be set up in this way."""
    for info in listed.PLATFORMS:
        if info.set_up is not None:
            about = phrase("Let the companion hear and answer people on {platform}.", platform=info.label)
            yield Chapter(info.name, info.label, about, partial(_set_already, info), partial(_lead, info))


def _set_already(info: PlatformInfo[Any], config: Config) -> Phrase | None:
    return phrase("Is on") if info.settings(config).enabled else None


async def _lead(info: PlatformInfo[Any], config: Config, guide: Guide) -> Changes:
    assert info.set_up is not None
    return await info.set_up(info.settings(config), config.relay.data_dir, PlatformWishes.of(config), guide)
