"""Named copies of the settings, such as one for each game. Secrets are not in them: all share those that there are."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from relay.application.settings.file import SettingsFile, without_secrets, wrong
from relay.config.loading import Config, text_of
from relay.errors import ConfigError
from relay.system.private_files import write_private

_NAME: Final = re.compile(r"[^\W_][\w -]{0,39}")
MOST: Final = 100
"""Profiles."""


def folder_of(settings: Path) -> Path:
    """Where those of a settings file are, one file each, if there are any."""
    return settings.with_name(f"{settings.stem}.profiles")


class Profiles:
    """Those of one settings file, in a folder beside it."""

    def __init__(self, file: SettingsFile) -> None:
        self._file = file
        self._folder = folder_of(file.path)

    def names(self) -> list[str]:
        return sorted(each.stem for each in self._folder.glob("*.toml"))

    def current(self) -> str | None:
        """The one that is as the settings are now, if one is."""
        with suppress(ConfigError):
            text = without_secrets(self._file.text())
            return next((name for name in self.names() if text_of(self._path(name)) == text), None)
        return None

    def save(self, name: str) -> None:
        """Keep the settings as they are under this name. Raises ConfigError."""
        path = self._path(name)
        if not path.exists() and len(self.names()) >= MOST:
            raise ConfigError(f"there are {MOST} profiles already: delete one first")
        try:
            write_private(path, without_secrets(self._file.text()))
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None

    async def switch(self, name: str) -> Config:
        """Let the settings be those. Raises ConfigError, and changes nothing then."""
        return await self._file.replace(self._known(name), keeps_secrets=True)

    def delete(self, name: str) -> None:
        self._known(name)
        self._path(name).unlink()

    def _known(self, name: str) -> str:
        path = self._path(name)
        if not path.is_file():
            raise wrong("name", f"there is no profile {name!r}")
        return text_of(path)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise wrong("name", "write 1 to 40 letters, digits, spaces, _ or -, beginning with a letter or digit")
        return self._folder / f"{name}.toml"
