"""`relay restore`: puts back what `relay backup` has written, here or on another machine."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from relay.application.archive import DATA, ENVIRONMENT, PROFILES, SECRETS, SETTINGS, Backup
from relay.application.heartbeat import ailment
from relay.application.settings import whereabouts
from relay.application.settings.profiles import folder_of
from relay.application.settings.secrets import Secrets
from relay.config.environment import set_outside
from relay.config.text_files import text_in
from relay.errors import ConfigError
from relay.system.private_files import make_folder, put_in_place, write_private

_DATABASES: Final = (".db", ".sqlite", ".sqlite3")


def restore(file: Path, settings: Path, *, force: bool) -> list[str]:
    """Put the settings there, what belongs to them beside, and tell where all is. Raises ConfigError.

    Nothing is changed unless the whole backup is good. What is there already is refused, or with `force` moved aside.
    """
    settings = settings.absolute()
    folder = settings.parent
    places = {
        SETTINGS: settings,
        SECRETS: Secrets(settings).file,
        ENVIRONMENT: folder / ENVIRONMENT,
        PROFILES: folder_of(settings),
        DATA: folder / DATA,
    }
    with Backup.opened(file) as backup:
        _look_first(settings, folder / DATA)
        found = [path for path in places.values() if _is_taken(path)]
        if found and not force:
            raise ConfigError(
                f"there is a relay already: {', '.join(map(str, found))}; name an empty folder with --config, "
                "or say --force to have these moved aside"
            )
        try:
            lines = _replace(backup, places, found)
        except OSError as error:
            raise ConfigError(f"{folder}: the backup cannot be put there: {error}") from None
        lines += _led_elsewhere(settings, {"relay.data_dir": DATA, **backup.list.places})
    return [f"The settings are {settings}, and the data is in {folder / DATA}", *lines]


def _led_elsewhere(settings: Path, named: Mapping[str, str]) -> Iterator[str]:
    """What the settings say in vain, as a variable says otherwise; such as one in the `.env` that came along."""
    for setting, name in named.items():
        if place := set_outside(tuple(setting.split(".")), settings):
            yield f"{place} goes before the settings: let it be {settings.parent / name}, or take it out there"


def _look_first(settings: Path, data: Path) -> None:
    """Raises ConfigError when a relay runs there."""
    beats = list(data.glob("*.alive")) if data.is_dir() else []
    if settings.is_file():
        with suppress(ConfigError):  # what is to be replaced may well be wrong
            beats.append(whereabouts(settings).heartbeat_file)
    if any(beat.is_file() and ailment(beat, time.time()) is None for beat in beats):
        raise ConfigError("a relay runs there: end it first")


def _is_taken(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _replace(backup: Backup, places: Mapping[str, Path], found: list[Path]) -> list[str]:
    make_folder(places[SETTINGS].parent)
    free = shutil.disk_usage(places[SETTINGS].parent).free
    if backup.size > free:
        raise ConfigError(f"the backup needs {backup.size / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free")
    staging = places[SETTINGS].with_name(f".restoring-{time.time_ns()}")
    make_folder(staging)
    try:
        backup.unpack(staging)
        _check_databases(staging)
        _point_to(staging / SETTINGS, places, backup.list.places)
        for profile in (staging / PROFILES).glob("*.toml"):
            with suppress(ConfigError):  # one that is broken may as well stay so
                _point_to(profile, places, backup.list.profiles.get(profile.stem, {}))
        lines = [_moved_aside(path) for path in found]
        for name, place in places.items():
            if (staging / name).exists():
                if place.is_dir():
                    place.rmdir()  # an empty one
                put_in_place(staging / name, place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return lines


def _check_databases(folder: Path) -> None:
    """What its digest vouches for may have been broken before."""
    for file in folder.rglob("*"):
        if file.suffix in _DATABASES:
            try:
                with closing(sqlite3.connect(file)) as database:
                    [(verdict, *_), *_] = database.execute("PRAGMA quick_check(1)")
            except sqlite3.Error as error:
                verdict = str(error)
            if verdict != "ok":
                raise ConfigError(f"{file.name} in the backup is broken ({verdict}); nothing was changed")


def _point_to(settings: Path, places: Mapping[str, Path], named: Mapping[str, str]) -> None:
    """Write where files are now into the settings, which keep their comments."""
    try:
        document = tomlkit.parse(text_in(settings) if settings.is_file() else "")
        if "data_dir" in document.get("relay", {}):
            _set(document, "relay.data_dir", places[DATA])
        for setting, place in named.items():
            _set(document, setting, places[DATA].parent / place)
    except (TOMLKitError, ValueError, TypeError) as error:
        raise ConfigError(f"{settings.name} in the backup cannot be read: {error}; nothing was changed") from None
    write_private(settings, tomlkit.dumps(document))


def _set(document: tomlkit.TOMLDocument, setting: str, place: Path) -> None:
    *sections, key = setting.split(".")
    table: Any = document
    for section in sections:
        table = table.setdefault(section, tomlkit.table())
    table[key] = place.as_posix()


def _moved_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.before-{time.strftime('%Y%m%d-%H%M%S')}")
    put_in_place(path, aside)
    return f"What was there before is {aside}"
