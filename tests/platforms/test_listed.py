"""The relay knows its platforms by the list alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from relay.application.processes.adapter import shape
from relay.application.settings.model import settings_model
from relay.bus.bus import Bus
from relay.platforms import listed
from relay.platforms.base import Acting, Redeeming, Streaming
from relay.platforms.info import PlatformInfo
from relay.platforms.sharing import Divisible

RELAY: Final = Path(listed.__file__).parents[1]
NAMED: Final = {
    "__init__.py": r"on Twitch and Discord",  # what the product is for, in the words of those who look for it
    "platforms/listed.py": r".*",  # the list
    "web/locale/desk.pot": r".*",  # what all folders say, also those of platforms
    "web/locale/de.po": r".*",
    "text/aloud/names.py": r'"twitch"',  # what people put into their names
    "config/moderation.py": r"twitch\.tv|platform\.twitch",  # an address people link to; an example in an error
}
"""Where platforms are named outside their folders, and in which words."""


def naming() -> Iterator[str]:
    """The lines that name a platform, in files of every kind."""
    names = re.compile("|".join(info.name for info in listed.PLATFORMS), re.IGNORECASE)
    folders = [RELAY / "platforms" / info.name for info in listed.PLATFORMS]
    for file in sorted(file for file in RELAY.rglob("*") if file.is_file() and "__pycache__" not in file.parts):
        if not any(file.is_relative_to(folder) for folder in folders):
            place = file.relative_to(RELAY).as_posix()
            for line in file.read_text("utf-8", "replace").splitlines():
                if names.search(re.sub(NAMED.get(place, r"$^"), "", line)):
                    yield f"{place}: {line.strip()}"


def test_nothing_else_in_the_relay_names_a_platform() -> None:
    assert list(naming()) == []


def test_every_platform_stands_in_a_folder_of_its_name() -> None:
    folders = {folder.name for folder in (RELAY / "platforms").iterdir() if (folder / "info.py").is_file()}

    assert {info.name for info in listed.PLATFORMS} == folders


@pytest.mark.parametrize("info", listed.PLATFORMS, ids=lambda info: info.name)
def test_what_acts_in_channels_of_its_own_choosing_can_do_so_for_one_companion_alone(info: PlatformInfo[Any]) -> None:
    config = settings_model(listed.PLATFORMS)()
    platform = shape(info, config, Bus(config.inbox, "nobody"))

    assert isinstance(platform, Divisible) or not isinstance(platform, Acting | Streaming | Redeeming)
