"""Pictures of the companion: those of the streamer's folder that are what they are called, and nothing else."""

import re
from itertools import islice
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"[\w-]{1,60}(\.[\w-]{1,60}){0,3}\.png", re.IGNORECASE)
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
MAX_BYTES: Final = 16_000_000
"""Of one picture; one of 2048 x 2048 that cannot be compressed has as many."""
MAX_PICTURES: Final = 200


def pictures_in(folder: Path | None) -> list[str]:
    """The names of the pictures that can be had, in order; none where there is no such folder."""
    if folder is None:
        return []
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
    return list(islice((name for name in names if picture_file(folder, name) is not None), MAX_PICTURES))


def picture_file(folder: Path | None, name: str) -> Path | None:
    """The file of a picture; None when there is none, it is too large, or it lies elsewhere."""
    if folder is None or not _NAME.fullmatch(name):
        return None
    path = folder / name
    try:
        return path if path.is_file() and path.stat().st_size <= MAX_BYTES else None
    except OSError:
        return None


def read_picture(folder: Path | None, name: str) -> bytes | None:
    """A picture; None when there is none, or the file is something else."""
    path = picture_file(folder, name)
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError:
        return None
    return content if content.startswith(_SIGNATURE) and len(content) <= MAX_BYTES else None
