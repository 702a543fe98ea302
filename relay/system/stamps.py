"""By what one content of a file is told from another without reading it."""

from pathlib import Path

Stamp = tuple[int, int, int]
"""Inode, size and time of its last change."""


def stamp(path: Path) -> Stamp | None:
    """Another one than before where the file was changed or replaced; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
