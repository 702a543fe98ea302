"""Whether there is a newer version, by where this one came from."""

import json
import nturl2path
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from relay import __version__
from relay.application import updates
from relay.errors import ConfigError
from relay.system import installed as system_installed
from tests.support import PATIENCE


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With one change in it."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "commit", "-q", "--allow-empty", "-m", "change")
    return git(folder, "rev-parse", "HEAD")


def installed(monkeypatch: pytest.MonkeyPatch, **origin: Any) -> None:
    monkeypatch.setattr(updates, "origin", lambda: origin)


def test_a_copy_of_the_repository_is_compared_with_where_it_came_from(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", str(repository), "copy")
    installed(monkeypatch, url=(tmp_path / "copy").as_uri(), dir_info={"editable": True})

    assert updates.newer().endswith("copy is the newest")
    commit(repository)
    assert updates.newer().startswith("1 changes are newer")


def test_what_was_installed_from_a_copy_is_made_anew_from_it(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", str(repository), "copy")
    installed(monkeypatch, url=(tmp_path / "copy").as_uri(), dir_info={})

    assert "copy is the newest" in updates.newer()
    commit(repository)
    told = updates.newer()

    assert told.startswith("1 changes are newer")
    assert "git pull there, then `uv tool upgrade --reinstall voxta-relay`" in told


def test_who_is_asked_asks_nobody_back() -> None:
    code = "import os; print(os.environ['GIT_TERMINAL_PROMPT'])"

    assert updates._ask(sys.executable, "-c", code).strip() == "0"


def test_a_copy_on_windows_is_looked_for_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def told(*words: str) -> str:
        asked.append(words)
        return "0"

    monkeypatch.setattr(system_installed, "url2pathname", nturl2path.url2pathname)
    monkeypatch.setattr(updates, "_ask", told)
    installed(monkeypatch, url="file:///C:/Users/Ann%20B/relay", dir_info={"editable": True})

    updates.newer()

    assert asked[0][:3] == ("git", "-C", r"C:\Users\Ann B\relay")


def test_what_came_from_an_address_is_compared_with_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = {"vcs": "git", "commit_id": git(repository, "rev-parse", "HEAD"), "requested_revision": "main"}
    installed(monkeypatch, url=repository.as_uri(), vcs_info=about)

    assert "this is the newest of main" in updates.newer()
    commit(repository)
    assert "has something newer in main: update it" in updates.newer()


def test_a_branch_that_is_gone_and_a_repository_that_is_not_there_are_told(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, url=repository.as_uri(), vcs_info={"commit_id": "0", "requested_revision": "gone"})
    with pytest.raises(ConfigError, match="gone is no longer in the repository"):
        updates.newer()

    installed(monkeypatch, url=(tmp_path / "none").as_uri(), vcs_info={"commit_id": "0"})
    with pytest.raises(ConfigError, match="cannot be told: git failed"):
        updates.newer()


def test_a_folder_of_its_own_is_looked_for_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert "where you downloaded it" in updates.newer()


def wheel(folder: Path, version: str) -> None:
    about = f"voxta_relay-{version}.dist-info"
    with zipfile.ZipFile(folder / f"voxta_relay-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: voxta-relay\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")


def test_the_installer_of_the_machine_is_asked_as_it_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pip")
    installed(monkeypatch)
    monkeypatch.setattr(updates, "TIMEOUT", PATIENCE)
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}.items():
        monkeypatch.setenv(name, value)

    assert "is not published where this machine gets its packages" in updates.newer()
    wheel(tmp_path, "99.0")
    assert updates.newer().startswith(f"there is 99.0, this is {__version__}: update it")


def test_where_it_came_from_is_what_the_installer_wrote_down() -> None:
    assert json.dumps(system_installed.origin())
