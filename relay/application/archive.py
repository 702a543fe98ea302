"""The file that `relay backup` makes: a zip archive with a list of what is in it.

In it everything lies as it will lie once restored: the settings, `.env` and the profiles beside them, and the
folder `data`.
"""

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from relay.errors import ConfigError
from relay.system.private_files import make_folder, put_in_place

VERSION: Final = 1
"""Of the form of a backup."""
LIST: Final = "backup.json"
SETTINGS: Final = "relay.toml"
ENVIRONMENT: Final = ".env"
SECRETS: Final = "relay.secrets.json"
DATA: Final = "data"
PROFILES: Final = "relay.profiles"
_CHUNK: Final = 1 << 20
_LONGEST_LIST: Final = 64 << 20
"""Bytes."""


class BackupList(BaseModel):
    """What is in a backup."""

    model_config = ConfigDict(frozen=True)

    program: Literal["voxta-relay"] = "voxta-relay"
    version: int = VERSION
    made_by: str
    """The version of the relay."""
    relay: str
    """Its name in its settings."""
    digests: dict[str, str] = {}
    """SHA-256 of each file, by its name in the archive."""
    places: dict[str, str] = {}
    """What settings name, by `section.name` with its companion before, as it is called in the archive."""
    profiles: dict[str, dict[str, str]] = {}
    """The same of each profile."""


class BackupWriter:
    """Fills a new archive."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.digests: dict[str, str] = {}

    def add(self, name: str, file: Path) -> None:
        """Raises OSError."""
        digest = hashlib.sha256()
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with file.open("rb") as source, self._archive.open(entry, "w", force_zip64=True) as kept:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                kept.write(chunk)
        self.digests[name] = digest.hexdigest()

    def add_text(self, name: str, text: str) -> None:
        self._archive.writestr(name, text, zipfile.ZIP_DEFLATED)
        self.digests[name] = hashlib.sha256(text.encode()).hexdigest()

    def finish(self, of: BackupList) -> None:
        """Write the list, which makes it a backup."""
        self._archive.writestr(LIST, of.model_copy(update={"digests": self.digests}).model_dump_json(indent=1))


@contextmanager
def new_backup(file: Path) -> Iterator[BackupWriter]:
    """A backup that is there, whole and for its owner alone, once the context has ended. Raises OSError."""
    make_folder(file.absolute().parent)
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            with zipfile.ZipFile(raw, "w") as archive:
                yield BackupWriter(archive)
            raw.flush()
            os.fsync(raw.fileno())
        put_in_place(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)


def is_backup(file: Path) -> bool:
    """Whether the file is one that `new_backup` has made. Raises OSError."""
    if not zipfile.is_zipfile(file):
        return False
    try:
        with zipfile.ZipFile(file) as archive:
            return LIST in archive.namelist()
    except zipfile.BadZipFile:
        return False


class Backup:
    """A backup to read. Nothing in it is trusted: names lead nowhere else, and contents are as they were written."""

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        """Raises ConfigError when it is no backup of this program."""
        self._file = file
        self._archive = archive
        self.list = self._read_list()
        for name in self.list.digests:
            self._check_name(name)
        for places in (self.list.places, *self.list.profiles.values()):
            for place in places.values():
                self._check_name(f"{place}/")

    @classmethod
    @contextmanager
    def opened(cls, file: Path) -> Iterator[Self]:
        """Raises ConfigError."""
        try:
            with zipfile.ZipFile(file) as archive:
                yield cls(file, archive)
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror or error}") from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise ConfigError(f"{file} is damaged, or no backup: {error}; nothing was changed") from None

    @property
    def size(self) -> int:
        """Bytes of what is in it."""
        return sum(entry.file_size for entry in self._archive.infolist())

    def unpack(self, into: Path) -> None:
        """Write everything into this folder, for its owner alone. Raises ConfigError, OSError."""
        for name, digest in self.list.digests.items():
            target = into / name
            make_folder(target.parent)
            try:
                with self._archive.open(name) as source:
                    found = _write(source, target)
            except (KeyError, RuntimeError, zipfile.BadZipFile, EOFError, zlib.error) as error:
                raise self._damaged(f"{name}: {error}") from None
            if found != digest:
                raise self._damaged(f"{name} is not what was put in")

    def _read_list(self) -> BackupList:
        try:
            entry = self._archive.getinfo(LIST)
            if entry.file_size > _LONGEST_LIST:
                raise self._damaged(f"{LIST} is too long")
            read = json.loads(self._archive.read(entry))
            if isinstance(read, dict) and isinstance(version := read.get("version"), int) and version > VERSION:
                raise ConfigError(
                    f"{self._file} is of a newer relay ({read.get('made_by')!s:.20}): update this one first"
                )
            return BackupList.model_validate(read)
        except KeyError:
            raise ConfigError(f"{self._file} is no backup of the relay: it has no {LIST}") from None
        except (ValidationError, ValueError, RuntimeError) as error:
            raise self._damaged(f"{LIST} cannot be read ({type(error).__name__})") from None

    def _check_name(self, name: str) -> None:
        parts = PurePosixPath(name).parts
        is_plain = all(part not in ("..", ".") and not set(part) & set("\\:\0") for part in parts)
        is_known = name in (SETTINGS, ENVIRONMENT, SECRETS) or (
            (len(parts) > 1 or name.endswith("/")) and parts[:1] in ((DATA,), (PROFILES,))
        )
        if not is_plain or not is_known:
            raise self._damaged(f"{name!r} would lie outside of where a relay keeps its files")

    def _damaged(self, what: str) -> ConfigError:
        return ConfigError(f"{self._file} is damaged, or not to be trusted: {what}; nothing was changed")


def _write(source: IO[bytes], target: Path) -> str:
    """The digest of what was written."""
    digest = hashlib.sha256()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as kept:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            kept.write(chunk)
    return digest.hexdigest()
