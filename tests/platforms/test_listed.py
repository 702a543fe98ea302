"""The relay knows its platforms by the list alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from relay.platforms import listed

RELAY: Final = Path(listed.__file__).parents[1]
NAMED: Final = {
    "__init__.py": r"on Twitch and Discord",  # what the product is for, in the words of those who look for it
    "platforms/listed.py": r".*",  # the list
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
