"""What a model is before it is on this disk, and what can go wrong with it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from relay.errors import RelayError

ARCHIVE: Final = ".tar.bz2"
"""How the archives end that sherpa-onnx publishes."""
MEGABYTE: Final = 1_000_000
"""As sizes are told to people."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class ModelError(RelayError):
    """A model cannot be had, or not be used. Its text is fit to be shown and says what to do."""


class ModelMissing(ModelError):
    """The model is not on this disk."""


class ModelInUse(ModelError):
    """Another process, or another part of this one, has the model or is fetching it."""


class Purpose(StrEnum):
    """What a model is for."""

    RECOGNISER = "recogniser"
    """Speech to text."""
    VOICE = "voice"
    """Text to speech."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file to fetch. An archive (`.tar.bz2`) is unpacked without its outermost folder; any other stays as it is."""

    url: str
    size: int
    """Bytes to fetch."""
    sha256: str = ""
    """Of the file as it is fetched, in hexadecimal. "" when no published one is known: then the one of the first
    fetch is kept and holds ever after."""
    path: str = ""
    """Where a file that is no archive goes in the model's folder; "" for its own name there."""

    @property
    def name(self) -> str:
        """As it is called where it comes from."""
        return urlsplit(self.url).path.rpartition("/")[2]

    @property
    def is_archive(self) -> bool:
        return self.name.endswith(ARCHIVE)


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of the catalogue."""

    name: str
    purpose: Purpose
    about: str
    """In a few words for people."""
    languages: tuple[str, ...]
    """As in BCP 47."""
    licence: str
    """Its SPDX name where it has one."""
    source: str
    """Page of who made it."""
    files: tuple[ModelFile, ...]
    unpacked: int
    """Bytes on the disk, about; more than twice as much is taken for an attack."""
    leaves_out: tuple[str, ...] = ("test_wavs/*",)
    """Patterns of what in its archives nobody needs."""
    is_default: bool = False
    """Whether it is the one to begin with, of those of its purpose."""

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None:
            raise ValueError(f"{self.name!r} is no name of a model: write small letters, digits, dots and dashes")

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return sum(file.size for file in self.files)

    @property
    def is_pinned(self) -> bool:
        """Whether what comes is known beforehand to the last bit."""
        return all(file.sha256 for file in self.files)


@dataclass(frozen=True, slots=True)
class FetchProgress:
    """How far a fetch is."""

    doing: str
    """`fetching` or `unpacking`."""
    done: int
    """Bytes."""
    total: int


Report = Callable[[FetchProgress], None]
"""Is told how far a fetch is, on the event loop."""


def nobody(progress: FetchProgress) -> None:
    """For whom it makes no difference how far a fetch is."""
