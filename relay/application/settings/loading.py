"""The whole configuration, of a relay or of one of many companions."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from relay.application.settings.fleet import Fleet, fleet_in, load_fleet
from relay.application.settings.model import settings_model
from relay.application.settings.secrets import Secrets
from relay.config import mistakes
from relay.config.companions import tables_in
from relay.config.loading import Config, Whereabouts, data_in, read, text_of
from relay.errors import ConfigError
from relay.platforms import listed


def load(path: Path | None = None, companion: str | None = None, /, **over: Any) -> Config:
    """Read the file, put the environment over it, and check everything; see `read`, also of `over`.

    Where the file has companions, it is the settings of the one that is named, or of the only one. Raises ConfigError.
    """
    if path is None or over:
        secrets = Secrets(path).read() if path is not None else {}
        return read(settings_model(listed.PLATFORMS), path, over, secrets)
    fleet = load_fleet(path)
    return _one_of(fleet, path, companion) if fleet.companions or companion is not None else fleet.process


def meaning(text: str, path: Path, secrets: Mapping[str, str]) -> Config:
    """What the settings would be with this text in the file and these secrets: the shared ones, where there are
    companions, and theirs are checked as well. See `checked`."""
    return fleet_in(text, path, secrets).process


def whereabouts(path: Path | None, companion: str | None = None) -> Whereabouts:
    """Of a relay with these settings, or of one companion in them, whether or not the rest of them is right."""
    found = read(Whereabouts, path, {})
    if companion is None:
        return found
    if companion not in (names := companions_in(path)):
        raise _unknown(companion, names, path)
    return found.model_copy(update={"relay": found.relay.model_copy(update={"name": companion})})


def refuse_companions(path: Path) -> None:
    """For what runs one relay by a whole file. Raises ConfigError where the file is for several; what else may be wrong
    with it is for others to tell."""
    names: tuple[str, ...] = ()
    with suppress(ConfigError):
        names = companions_in(path)
    if names:
        raise ConfigError(f"{path} is for companions ({mistakes.some(names)}): `relay fleet` runs them")


def companions_in(path: Path | None) -> tuple[str, ...]:
    """The names of those that the file has, unchecked. Raises ConfigError when it cannot be read."""
    return tuple(tables_in(data_in(text_of(path), path))) if path is not None else ()


def _one_of(fleet: Fleet, path: Path, name: str | None) -> Config:
    names = tuple(fleet.companions)
    if name is None and len(names) > 1:
        raise ConfigError(f"{path} has several companions: name one with --companion: {mistakes.some(names)}")
    if name is not None and name not in names:
        raise _unknown(name, names, path)
    return fleet.companions[name or names[0]]


def _unknown(name: str, names: tuple[str, ...], path: Path | None) -> ConfigError:
    there = f"there are: {mistakes.some(names)}" if names else f"it has none: write [companions.{name}] there"
    return ConfigError(f"--companion: {path} has no companion {name!r}; {there}")
