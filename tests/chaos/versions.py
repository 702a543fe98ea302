"""Earlier versions of the program, out of the repository's history, and processes that run them."""

import compileall
import io
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Final
from zipfile import ZipFile

ROOT: Final = Path(__file__).parents[2]
ALIKE: Final = "388a517"
"""Where no other version was released: the first commit whose processes find today's by the names they have now."""
END_WITHIN: Final = 30.0
"""Seconds a process has that was asked to end."""


def previous() -> str:
    """The newest commit of another version than today's; the first that is of today's kind where there is none."""
    today = _version_at("HEAD")
    changes = _git("log", "--format=%H", "--", "pyproject.toml").decode().split()
    return next((commit for commit in changes if _version_at(commit) != today), ALIKE)


def _version_at(commit: str) -> str:
    project = tomllib.loads(_git("show", f"{commit}:pyproject.toml").decode())["project"]
    return str(project["version"])


def name_of(commit: str) -> str:
    """In a few characters."""
    return f"{_version_at(commit)} ({_git('rev-parse', '--short', commit).decode().strip()})"


def sources(commit: str, folder: Path) -> Path:
    """The program as it was, in the folder, to be put on Python's path."""
    with ZipFile(io.BytesIO(_git("archive", "--format=zip", commit, "relay"))) as packed:
        packed.extractall(folder)
    compileall.compile_dir(folder, quiet=1)  # once, not in each of the processes that begin together
    return folder


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.decode().strip()}; --from names another commit")
    return done.stdout


class VersionProcess:
    """One process that runs `relay` of these sources with these arguments, as a shell would start it."""

    def __init__(self, sources: Path, *arguments: str, cwd: Path) -> None:
        self._command = [sys.executable, "-m", "relay", *arguments]
        self._environment = {**os.environ, "PYTHONPATH": str(sources)}
        self._cwd = cwd
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "VersionProcess":
        self._process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
        )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def signal(self, number: int) -> None:
        """Send it this signal."""
        os.kill(self.pid, number)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """On its error output, so far."""
        self._errors.seek(0)
        return self._errors.read().decode()
