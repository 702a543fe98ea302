"""How this program was installed, and so how packages that it lacks can be had."""

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

NAME: Final = "voxta-relay"
"""Of the package."""


def is_frozen() -> bool:
    """It is a folder with a Python of its own, into which nothing more is installed."""
    return bool(getattr(sys, "frozen", False))


def origin() -> dict[str, Any]:
    """Where the installer took it from (PEP 610); nothing when that was an index."""
    try:
        text = importlib.metadata.distribution(NAME).read_text("direct_url.json")
        found = json.loads(text) if text else {}
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def folder_of(found: dict[str, Any]) -> Path:
    """The copy of the repository that an origin names."""
    return Path(url2pathname(urlsplit(str(found["url"])).path))


def way_to(extra: str) -> str:
    """What a person does to have the packages of this extra, in words that follow a colon."""
    if is_frozen():
        return "a relay with its own Python cannot have them, one that uv or pipx installs can"
    found = origin()
    if "dir_info" in found:
        if found["dir_info"].get("editable"):
            return f"run `uv sync --inexact --no-dev --extra {extra}` in {folder_of(found)}"
        return f"run {_installing(f'.[{extra}]')} in {folder_of(found)}"
    place = f" @ {_address(found)}" if found else ""
    return f"run {_installing(f'{NAME}[{extra}]{place}')}"


def _installing(what: str) -> str:
    return f'`uv tool install "{what}"` or `pipx install --force "{what}"`'


def _address(found: dict[str, Any]) -> str:
    if (version := found.get("vcs_info")) is None:
        return str(found["url"])
    revision = version.get("requested_revision")
    return f"{version['vcs']}+{found['url']}" + (f"@{revision}" if revision else "")
