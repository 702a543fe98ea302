"""A file that somebody has open for a moment, as scanners do, is replaced all the same."""

import os
from pathlib import Path

import pytest

from relay.system import private_files
from relay.system.private_files import put_in_place, write_private


class HeldOpen:
    """On Windows: who has one of the two files open is in the way, so many times."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times = 0
        self._replace = Path.replace
        monkeypatch.setattr(Path, "replace", lambda fresh, path: self.replace(fresh, path))
        monkeypatch.setattr(private_files, "WAITS", (0.0,) * 3)

    def replace(self, fresh: Path, path: Path) -> Path:
        if self.times:
            self.times -= 1
            raise PermissionError(13, "Access is denied")
        return self._replace(fresh, path)


@pytest.fixture
def held_open(monkeypatch: pytest.MonkeyPatch) -> HeldOpen:
    return HeldOpen(monkeypatch)


def test_a_file_that_was_open_for_a_moment_has_the_new_text(held_open: HeldOpen, tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_private(file, "old")
    held_open.times = 3

    write_private(file, "new")

    assert file.read_text() == "new"


def test_one_that_stays_open_keeps_its_text_and_nothing_else_is_left(held_open: HeldOpen, tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_private(file, "old")
    held_open.times = 4

    with pytest.raises(PermissionError):
        write_private(file, "new")

    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert file.read_text() == "old"


def test_what_has_another_cause_is_not_tried_again(held_open: HeldOpen, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "missing", tmp_path / "file")


def test_nobody_is_in_the_way_on_other_systems(
    held_open: HeldOpen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "WAITS", ())
    held_open.times = 1

    with pytest.raises(PermissionError):
        write_private(tmp_path / "file", "new")

    assert held_open.times == 0


def test_what_is_to_last_is_on_the_disk_before_it_counts_and_nothing_else_waits_for_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    there_when_synced: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: there_when_synced.append(file.exists()))

    write_private(file, "text")
    write_private(file, "of a running process alone", lasts=False)

    assert there_when_synced == [False]
    assert file.read_text() == "of a running process alone"
