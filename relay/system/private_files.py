"""Files that only their owner may read: what people wrote, who decided what, and the keys to accounts.

On Windows a file is as open as the folder it is in, which a user's own folder is not.
"""

import os
import sys
import time
from pathlib import Path
from typing import Final

WAITS: Final[tuple[float, ...]] = (0.01, 0.02, 0.05, 0.1, 0.2) if sys.platform == "win32" else ()
"""Seconds before each further try to put a file in its place: on Windows whoever has one of the two open is in the
way, such as a scanner, for milliseconds."""


def make_folder(path: Path) -> None:
    """Create the folder for its owner alone; one that is there stays as it is. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_private(path: Path) -> None:
    """Create the file, with its folder, unless it is there, and close it to everybody else. Raises OSError.

    A file that is there is not opened for it: closing it again would take away locks that this process has on it.
    """
    make_folder(path.parent)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def write_private(path: Path, text: str, *, lasts: bool = True) -> None:
    """Replace the file, or make it, in one step: a half-written one never replaces a good one. Raises OSError.

    `lasts`: it is there after a power failure too, for which the disk is waited for.
    """
    make_folder(path.parent)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    try:
        with os.fdopen(
            os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline="\n"
        ) as file:
            file.write(text)
            file.flush()
            if lasts:
                os.fsync(file.fileno())
        put_in_place(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise


def put_in_place(fresh: Path, path: Path) -> None:
    """Let it be what is there from now on, in one step. Raises OSError."""
    for wait in WAITS:
        try:
            fresh.replace(path)
            return
        except PermissionError:
            time.sleep(wait)
    fresh.replace(path)
