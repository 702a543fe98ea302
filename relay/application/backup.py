"""`relay backup`: everything one relay has on this machine, in one file, while it runs or not."""

import asyncio
import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from relay import __version__
from relay.application.archive import (
    DATA,
    ENVIRONMENT,
    PROFILES,
    SECRETS,
    SETTINGS,
    BackupList,
    BackupWriter,
    is_backup,
    new_backup,
)
from relay.application.settings.file import secrets_in
from relay.application.settings.loading import meaning
from relay.application.settings.profiles import folder_of
from relay.application.settings.secrets import Secrets
from relay.config.companions import TABLE
from relay.config.loading import Config, text_of
from relay.errors import ConfigError
from relay.inbox.base import Copyable
from relay.inbox.build import build as build_inbox
from relay.web.control import fetch_store

_SQLITE: Final = b"SQLite format 3\0"
"""What such a file begins with."""
_PASSING: Final = (".control", ".alive", ".new", "-wal", "-shm", "-journal")
"""What the names of files end in that mean something to a running relay alone."""
_MADE: Final = ("path", "database", "token_file")
"""Settings that name what the relay makes itself, once it has something for it."""


async def backup(
    config: Config, settings: Path | None, file: Path, companions: Mapping[str, Config] | None = None
) -> list[str]:
    """Write the archive and tell what is in it, and what is not, in a few lines. Raises ConfigError, InboxError.

    Where the settings are for companions, `config` is what these share.
    """
    if await asyncio.to_thread(file.exists):
        raise ConfigError(f"{file} is there already: give another name")
    with tempfile.TemporaryDirectory() as folder:
        store = await _store(config, Path(folder) / "store")
        try:
            return await asyncio.to_thread(_write, config, settings, file, store, companions or {})
        except OSError as error:
            raise ConfigError(f"{file}: cannot be written: {error}") from None


async def _store(config: Config, to: Path) -> Path | None:
    """A copy of the messages and notes; None when there are none here. A relay that runs has them to itself."""
    if config.inbox.engine != "sqlite" or not await asyncio.to_thread(config.inbox_path.is_file):
        return None
    if await fetch_store(config.control_file, to):
        return to
    inbox = build_inbox(config.inbox, config.relay.name, config.inbox_path)
    await inbox.open(to_look=True)
    try:
        assert isinstance(inbox, Copyable)
        await inbox.copy_to(to)
    finally:
        await inbox.close()
    return to


def _write(
    config: Config, settings: Path | None, file: Path, store: Path | None, companions: Mapping[str, Config]
) -> list[str]:
    with new_backup(file) as writer:
        contents = _Contents(config, writer, store)
        contents.add_settings(settings)
        contents.add_data()
        places = contents.add_places(config)
        places |= contents.add_companions(companions, places)
        profiles = contents.add_profiles(settings)
        writer.finish(BackupList(made_by=__version__, relay=config.relay.name, places=places, profiles=profiles))
    size = file.stat().st_size / 1e6
    return [
        f"{len(writer.digests)} files, {size:.1f} MB, are in {file}, which only you can read",
        "It holds your logins and what people wrote: keep it as you keep a password.",
        *contents.left_out,
        *_not_here(config),
    ]


def _not_here(config: Config) -> Iterator[str]:
    if config.inbox.engine == "redis":
        yield "Not in it: what waits and is remembered in Redis; back that up as Redis does (its file dump.rdb)."
    yield "Not in it: what environment variables set."


class _Contents:
    """What goes into one backup. `store` is a copy of the messages, which are not copied from where they are."""

    def __init__(self, config: Config, writer: BackupWriter, store: Path | None) -> None:
        self._config = config
        self._writer = writer
        self._store = store
        self._data = config.relay.data_dir.absolute()
        self._elsewhere: dict[Path, str | None] = {}
        """How what settings name is called in the archive; None where it is not there."""
        self.left_out: list[str] = []

    def add_settings(self, settings: Path | None) -> None:
        if settings is None:
            return
        self._writer.add(SETTINGS, settings)
        if kept := self._secrets(Secrets(settings)):  # those in the system's keyring stay behind there
            self._writer.add_text(SECRETS, json.dumps({"file": kept, "keyring": []}))
        if (beside := settings.with_name(".env")).is_file():
            self._writer.add(ENVIRONMENT, beside)

    def add_data(self) -> None:
        """All that lies in the folder of the relay's data."""
        self._add_tree(self._data, DATA)

    def add_places(self, config: Config, of: str = "") -> dict[str, str]:
        """What these settings name elsewhere: a scenario, sounds, files of tokens, databases."""
        found = {setting: self._place(f"{of}{setting}", path.absolute()) for setting, path in paths_in(config)}
        return {setting: name for setting, name in found.items() if name is not None}

    def add_companions(self, companions: Mapping[str, Config], shared: Mapping[str, str]) -> dict[str, str]:
        """The same of each, where it differs from what all share."""
        return {
            f"{TABLE}.{companion}.{setting}": name
            for companion, config in companions.items()
            for setting, name in self.add_places(config, f"{TABLE}.{companion}.").items()
            if name != shared.get(setting)
        }

    def add_profiles(self, settings: Path | None) -> dict[str, dict[str, str]]:
        """All that are kept beside the settings, and what each names elsewhere."""
        places: dict[str, dict[str, str]] = {}
        if settings is None:
            return places
        self._add_tree(folder_of(settings), PROFILES)
        secrets = secrets_in(text_of(settings)) | Secrets(settings).read()
        for file in sorted(folder_of(settings).glob("*.toml")):
            try:
                config = meaning(text_of(file), settings, secrets)
                places[file.stem] = self.add_places(config, f"{file.stem}.")
            except ConfigError as error:
                self.left_out.append(f"Not in it: what profile {file.stem} names elsewhere ({error})")
        return places

    def _secrets(self, secrets: Secrets) -> dict[str, str]:
        """All, also those that only count where no variable goes before them; one that cannot be had then is told."""
        kept = secrets.read()
        for key in sorted(secrets.kept() - kept.keys()):
            try:
                kept[key] = secrets.ask(key)
            except ConfigError as error:
                self.left_out.append(f"Not in it: {error}")
        return kept

    def _place(self, setting: str, place: Path) -> str | None:
        """How it is called in the archive, where it is put once. A missing one is told, unless the relay makes it."""
        if place.is_relative_to(self._data):
            return f"{DATA}/{place.relative_to(self._data).as_posix()}"
        if place in self._elsewhere:
            return self._elsewhere[place]
        name = None
        if place.is_dir():
            name = f"{DATA}/{setting}"
            self._add_tree(place, name)
        elif place.is_file():
            name = f"{DATA}/{setting}{place.suffix}"
            self._add(name, place)
        elif setting.rpartition(".")[2] not in _MADE:
            self.left_out.append(f"Not in it: {place}, which {setting} names, is not there")
        self._elsewhere[place] = name
        return name

    def _add_tree(self, folder: Path, name: str) -> None:
        for file in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if file.is_file() and not file.name.endswith(_PASSING):
                self._add(f"{name}/{file.relative_to(folder).as_posix()}", file)

    def _add(self, name: str, file: Path) -> None:
        """One that cannot be read now is left out, and told. Neither are backups put into backups."""
        try:
            if file == self._config.inbox_path.absolute() and self._store is not None:
                self._writer.add(name, self._store)
            elif _is_database(file):
                self._add_database(name, file)
            elif not is_backup(file):
                self._writer.add(name, file)
        except (OSError, sqlite3.Error) as error:
            self.left_out.append(f"Not in it: {file} ({error})")

    def _add_database(self, name: str, file: Path) -> None:
        """As it is at one moment, whoever writes meanwhile."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy"
            with closing(sqlite3.connect(file, timeout=5.0)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            self._writer.add(name, copy)


def paths_in(config: Config) -> Iterator[tuple[str, Path]]:
    """Every setting that names a file or a folder, as `section.name`."""
    for name in type(config).model_fields:
        section = getattr(config, name)
        for key, value in section if isinstance(section, BaseModel) else ():
            if isinstance(value, Path) and (name, key) != ("relay", "data_dir"):
                yield f"{name}.{key}", value


def _is_database(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(_SQLITE)) == _SQLITE
