"""Where the settings are found: one file, for whichever command."""

from pathlib import Path
from typing import Final

import platformdirs

from relay.errors import ConfigError

FILE: Final = "relay.toml"


def own_folder() -> Path:
    """Where this user's programs keep their settings, such as `~/.config/voxta-relay`."""
    return platformdirs.user_config_path("voxta-relay", appauthor=False)


def own_file() -> Path:
    """This user's settings, which need not be there."""
    return own_folder() / FILE


def find(given: Path | None) -> Path | None:
    """The file to read: the one that is given, else the one in the current folder, else the one in the user's own."""
    if given is not None:
        return given
    return next((place for place in _places() if place.is_file()), None)


def to_write(given: Path | None) -> Path:
    """The file that is changed: the one that is read, else the user's own, which need not be there."""
    return find(given) or own_file()


def required(given: Path | None) -> Path:
    """The same, for what makes no sense without settings. Raises ConfigError."""
    if (file := find(given)) is not None:
        return file
    places = " or ".join(map(str, _places()))
    raise ConfigError(f"there are no settings yet; make them on the page that `relay run` serves, or write {places}")


def data_folder(file: Path | None) -> Path:
    """Where data is kept unless the settings say otherwise: in `data` beside them; those that are not there yet will
    be in the user's own folder."""
    return (file or own_file()).parent / "data"


def _places() -> tuple[Path, ...]:
    return Path(FILE), own_file()
