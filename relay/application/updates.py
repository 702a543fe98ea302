"""`relay update`: whether there is a newer version where this one came from, asked only when somebody asks."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from relay import __version__
from relay.errors import ConfigError
from relay.system.installed import NAME, folder_of, is_frozen, origin

TIMEOUT: Final = 30.0
"""Seconds an answer may take."""
_HOW: Final = "update it as you installed it: `uv tool upgrade voxta-relay` or `pipx upgrade voxta-relay`"

_ANEW: Final = "`uv tool upgrade --reinstall voxta-relay` or `pipx reinstall voxta-relay`"
"""Installs from the same place once more; without a new version an upgrade need not."""


def newer() -> str:
    """One line: what there is, and what to do. Raises ConfigError when that cannot be known."""
    if is_frozen():
        return f"this is {__version__}, a folder with its own Python: look for a newer one where you downloaded it"
    found = origin()
    if "dir_info" in found:
        return _of_checkout(folder_of(found), is_copied=not found["dir_info"].get("editable"))
    if "vcs_info" in found:
        return _of_repository(str(found["url"]), found["vcs_info"])
    return _of_index()


def _of_checkout(folder: Path, *, is_copied: bool) -> str:
    """Of a copy of the repository, which the program runs in, or `is_copied` from."""
    _ask("git", "-C", str(folder), "fetch", "--quiet")
    behind = _ask("git", "-C", str(folder), "rev-list", "--count", "HEAD..@{upstream}").strip()
    if behind == "0":
        older = f"; if it has changed since you installed from it: {_ANEW}" if is_copied else ""
        return f"the copy of the repository in {folder} is the newest{older}"
    then = f", then {_ANEW}" if is_copied else ""
    return f"{behind} changes are newer than the copy of the repository in {folder}: git pull there{then}"


def _of_repository(address: str, version: dict[str, Any]) -> str:
    wanted = str(version.get("requested_revision") or "HEAD")
    listed = _ask("git", "ls-remote", "--", address, wanted)
    newest = listed.split("\t")[0].strip()
    if not newest:
        raise ConfigError(f"{wanted} is no longer in the repository that this came from: install it anew from another")
    if newest == version.get("commit_id"):
        return f"this is the newest of {wanted} in the repository it came from"
    return f"the repository it came from has something newer in {wanted}: {_HOW}"


def _of_index() -> str:
    """As the installer of this machine would find it, by whatever index that is set to."""
    try:
        newest = _with_pip() if importlib.util.find_spec("pip") else _with_uv()
    except _Failed as failed:
        if failed.is_unknown:
            return f"{NAME} is not published where this machine gets its packages: look where you got {__version__}"
        raise
    return (
        f"this is the newest, {__version__}"
        if newest == __version__
        else f"there is {newest}, this is {__version__}: {_HOW}"
    )


def _with_pip() -> str:
    words = ("install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", "-", NAME)
    report = json.loads(_ask(sys.executable, "-m", "pip", "--disable-pip-version-check", *words))
    return str(report["install"][0]["metadata"]["version"])


def _with_uv() -> str:
    words = ("pip", "compile", "--quiet", "--no-deps", "--no-header", "--no-annotate", "--upgrade", "-")
    return _ask("uv", *words, given=NAME).strip().partition("==")[2]


class _Failed(ConfigError):
    """A program that was asked did not answer."""

    def __init__(self, program: str, said: str) -> None:
        last = said.strip().splitlines()[-1:] or ["it said nothing"]
        super().__init__(f"whether there is a newer version cannot be told: {program} failed: {last[0][:300]}")
        self.is_unknown = "No matching distribution" in said or "not found in the package registry" in said


def _ask(program: str, *words: str, given: str | None = None) -> str:
    """What a program answers. It asks nobody back. Raises ConfigError."""
    found = shutil.which(program)
    if found is None:
        raise ConfigError(f"whether there is a newer version cannot be told: {program} is not installed here")
    try:
        ended = subprocess.run(
            [found, *words],
            input=given or "",
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError(f"nobody told within {TIMEOUT:g} s whether there is a newer version") from None
    if ended.returncode != 0:
        raise _Failed(program, ended.stderr)
    return ended.stdout
