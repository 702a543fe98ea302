"""Archives of models, taken for hostile: only plain files come out, only in the folder, and only so much."""

import bz2
import io
import tarfile
import threading
from collections.abc import Sequence
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import IO, Final

from relay.models.base import ModelError

MEMBERS: Final = 5_000
"""Files and folders an archive may have; the largest known voice has some 400."""
HEADERS: Final = 16 * 2**20
"""Bytes that an archive may have beside what its files hold."""
DEPTH: Final = 8
"""Folders within each other."""
PIECE: Final = 2**20
_REFUSED: Final = frozenset('\\:*?"<>|\0')
"""What no file's name has: on Windows some of it leads elsewhere."""


class Unpacked:
    """What came out of a model's archives, with bytes and SHA-256 of each file by its path."""

    def __init__(self, folder: Path, limit: int, leaves_out: Sequence[str], stop: threading.Event) -> None:
        """Files come into `folder`, at most `limit` bytes. `stop`, once set, ends it with ModelError."""
        self.files: dict[str, tuple[int, str]] = {}
        self._folder = folder
        self._left = limit
        self._leaves_out = leaves_out
        self._stop = stop

    def archive(self, file: Path) -> None:
        """Take out what is in the archive's one folder. Raises ModelError, and OSError where it cannot write."""
        try:
            with (
                bz2.open(file) as plain,
                tarfile.open(fileobj=_Bounded(plain, self._left + HEADERS), mode="r|") as archive,
            ):
                for count, member in enumerate(archive):
                    if count >= MEMBERS:
                        raise ModelError(f"{file.name} has more than {MEMBERS} files, which no model has")
                    self._take(archive, member)
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            raise ModelError(f"{file.name} is no archive that can be unpacked: {error}") from None
        except OSError as error:
            if error.errno is not None:
                raise
            raise ModelError(f"{file.name} is no archive that can be unpacked: {error}") from None  # bz2's own

    def plain(self, file: Path, path: str) -> None:
        """Take a file as it is."""
        with file.open("rb") as content:
            self._write(PurePosixPath(path), content, file.stat().st_size)

    def _take(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = _within(member.name)
        if member.isdir():
            return
        if not member.isreg() or member.issparse():
            raise ModelError(f"{member.name!r} in the archive is no plain file: it is not unpacked")
        if path is None or any(fnmatch(str(path), pattern) for pattern in self._leaves_out):
            return
        content = archive.extractfile(member)
        if content is not None:
            self._write(path, content, member.size)

    def _write(self, path: PurePosixPath, content: IO[bytes], size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise ModelError(f"{path} makes the model larger than it can be: it is not unpacked")
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = sha256()
        written = 0
        with target.open("xb") as out:
            while piece := content.read(PIECE):
                if self._stop.is_set():
                    raise ModelError("unpacking was stopped")
                digest.update(piece)
                out.write(piece)
                written += len(piece)
        self.files[str(path)] = (written, digest.hexdigest())


def _within(name: str) -> PurePosixPath | None:
    """Where in the model's folder a member goes; None for what is not in the archive's folder. Raises ModelError."""
    path = PurePosixPath(name)
    parts = [part for part in path.parts if part != "."]
    is_strange = any(part == ".." or _REFUSED & set(part) for part in parts) or len(parts) > DEPTH
    if path.is_absolute() or is_strange or not name.isprintable():
        raise ModelError(f"{name!r} in the archive would be written somewhere else: it is not unpacked")
    return PurePosixPath(*parts[1:]) if len(parts) > 1 else None


class _Bounded(io.BufferedIOBase):
    """A file that gives only so many bytes."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        super().__init__()
        self._file = file
        self._left = limit

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left + 1 if size is None or size < 0 else min(size, self._left + 1)
        data = self._file.read(wanted)
        self._left -= len(data)
        if self._left < 0:
            raise ModelError("the archive holds more than the model can have: it is not unpacked")
        return data
