"""The settings file as the page changes it: as a whole or not at all, checked before it is written."""

import asyncio
import re
import tomllib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from relay.application.settings.catalogue import KnownSetting, catalogue
from relay.application.settings.editing import edited, table_of
from relay.application.settings.fleet import load_fleet
from relay.application.settings.loading import meaning
from relay.application.settings.secrets import Secrets
from relay.config import mistakes
from relay.config.environment import set_outside
from relay.config.loading import Config, data_in, text_of
from relay.errors import ConfigError, SettingMistake, WrongSettings
from relay.system.private_files import write_private
from relay.system.stamps import Stamp, stamp

BACKUP: Final = ".before"
"""Behind the name of the file as it was before the last change."""
MAX_TEXT: Final = 500_000
"""Characters of a file; the example has 40,000."""
_PUT_ASIDE: Final = re.compile(r"""(#[^\n]*?(?:token|secret|key|password)\s*=\s*)(["'])[^"'\n]+\2""", re.IGNORECASE)
"""A secret in a comment, as one that was tried before."""
_LOGIN: Final = re.compile(r"""(://)[^\s/"'@]*:[^\s/"'@]*@""")
"""A name and a password in an address."""

Signature = tuple[Stamp | None, ...]


def signature(path: Path) -> Signature:
    """Another one than before when the settings were changed, the secrets beside them, or `.env`."""
    return tuple(stamp(each) for each in (path, Secrets(path).file, path.with_name(".env")))


class SettingsFile:
    """One settings file, with the secrets beside it. One change is made after the other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.secrets = Secrets(path)
        self._changing = asyncio.Lock()

    def load(self) -> Config:
        """What the settings are, as they stand there: those that companions share, where there are any.

        Raises ConfigError.
        """
        return load_fleet(self.path).process

    def text(self) -> str:
        """What the file says; nothing where it is not there yet."""
        return text_of(self.path) if self.path.exists() else ""

    async def set(self, values: Mapping[str, Any]) -> Config:
        """Change these, by key: None takes one out, a table is TOML. Raises WrongSettings, and changes nothing then."""
        async with self._changing:
            return await asyncio.to_thread(self._set, values)

    async def replace(self, text: str, *, keeps_secrets: bool = False) -> Config:
        """Let the file say this, checked as any change. Secrets that are kept beside it stay as they are.

        With `keeps_secrets` so do those that stand in the file. Raises ConfigError.
        """
        async with self._changing:
            return await asyncio.to_thread(self._replace, text, keeps_secrets)

    def _set(self, values: Mapping[str, Any]) -> Config:
        settings = {key: _known(key) for key in values}
        self._refuse_what_is_set_outside(values)
        secret = {key: _secret(key, value) for key, value in values.items() if settings[key].type == "secret"}
        plain = {key: _fit(settings[key], value) for key, value in values.items() if key not in secret}
        before = self.text()
        data_in(before, self.path)  # a slip in it is told with its place, before anything else is
        text = edited(before, plain | dict.fromkeys(secret, None))
        kept = self.secrets.read()
        wanted = {key: value for key, value in (kept | secret).items() if value is not None}
        config = meaning(text, self.path, wanted)
        self.secrets.keep(secret)
        try:
            self._write(before, text)
        except ConfigError:
            self.secrets.keep({key: kept.get(key) for key in secret})
            raise
        return config

    def _replace(self, text: str, keeps_secrets: bool) -> Config:
        text = text.replace("\r\n", "\n")
        if keeps_secrets:
            text = edited(text, dict.fromkeys(secrets_in(text)) | self._secrets())
        if len(text) > MAX_TEXT:
            raise ConfigError(f"this is longer than any settings file ({MAX_TEXT} characters)")
        config = meaning(text, self.path, self.secrets.read())
        self._write(self.text(), text)
        return config

    def export(self) -> str:
        """The file without secrets, to be shown or passed on. Raises ConfigError."""
        return _LOGIN.sub(r"\1", _PUT_ASIDE.sub(r"\1\2\2", without_secrets(self.text())))

    def _secrets(self) -> dict[str, Any]:
        """Those that stand in the file; none where it cannot be read."""
        with suppress(ConfigError):
            return secrets_in(self.text())
        return {}

    def _refuse_what_is_set_outside(self, keys: Collection[str]) -> None:
        for key in keys:
            if place := set_outside(tuple(key.split(".")), self.path):
                raise wrong(key, f"{place} sets this and goes before the file: change it there, or take it out there")

    def _write(self, before: str, text: str) -> None:
        if text == before:
            return
        path = self.path.resolve()
        try:
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
            if path.exists():
                write_private(path.with_name(path.name + BACKUP), before)
            write_private(path, text)
            path.chmod(mode)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}; nothing was changed") from None


def wrong(key: str, text: str) -> WrongSettings:
    """One mistake of somebody who wants to change a setting."""
    return WrongSettings([SettingMistake(key, text, f"{key}: {text}")])


def without_secrets(text: str) -> str:
    """The settings without the secrets among them; comments stay. Raises ConfigError."""
    return edited(text, dict.fromkeys(secrets_in(text)))


def secrets_in(text: str) -> dict[str, Any]:
    """By key. Raises ConfigError."""
    data = toml_of(text)
    found = {}
    for key in (key for key, setting in catalogue().items() if setting.type == "secret"):
        section, _, name = key.partition(".")
        if isinstance(table := data.get(section), dict) and name in table:
            found[key] = table[name]
    return found


def toml_of(text: str) -> dict[str, Any]:
    """What it says, unchecked. Raises ConfigError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(mistakes.of_toml(text, error)) from None


def _known(key: str) -> KnownSetting:
    setting = catalogue().get(key)
    if setting is None:
        raise wrong(key[:100], "there is no such setting")
    return setting


def _secret(key: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise wrong(key, "write a text")
    return value or None


def _fit(setting: KnownSetting, value: Any) -> Any:
    """As it is written in the file: a table from its TOML, and whole numbers that came as texts as numbers."""
    if value is None:
        return None
    if setting.type == "table" and isinstance(value, str):
        return table_of(value, setting.key)
    if setting.is_whole and isinstance(value, list):
        return [_number(each) for each in value]
    return _number(value) if setting.is_whole else value


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isascii() and value.strip().isdigit() else value
