import json
import os
from pathlib import Path

import pytest

from relay.model import Caller, Role
from relay.moderation.audit import Audit

MODERATOR = Caller(source="discord", name="Mod", id="7", roles=frozenset({Role.MODERATOR}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "audit.jsonl"


def test_an_entry_says_who_did_what_and_what_it_changed(file: Path) -> None:
    Audit(file).write(MODERATOR, "pause", 0.0, {"paused": False}, {"paused": True})

    assert Audit(file).newest(1) == [
        {
            "at": "1970-01-01T00:00:00+00:00",
            "who": "Mod",
            "id": "7",
            "source": "discord",
            "what": "pause",
            "before": {"paused": False},
            "after": {"paused": True},
        }
    ]


def test_an_entry_is_on_disk_when_it_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(file.read_bytes()))

    Audit(file).write(MODERATOR, "pause", 0.0)

    assert synced == [file.read_bytes()] and b"pause" in synced[0]


def test_the_newest_come_last_and_no_more_than_asked_for(file: Path) -> None:
    audit = Audit(file)
    assert audit.newest(3) == []
    for number in range(5):
        audit.write(MODERATOR, f"rate {number}", 0.0)

    assert [entry["what"] for entry in audit.newest(3)] == ["rate 2", "rate 3", "rate 4"]


def test_a_relay_that_goes_on_with_a_whole_file_leaves_no_line_empty(file: Path) -> None:
    Audit(file).write(MODERATOR, "pause", 0.0)
    Audit(file).write(MODERATOR, "resume", 0.0)

    assert [json.loads(line)["what"] for line in file.read_text().splitlines()] == ["pause", "resume"]


@pytest.mark.parametrize("torn", [b'{"what": "pau', b'"', b"\xff\xfe", b"5\n", b"\n\n", b"\x00" * 9])
def test_a_line_a_crash_tore_off_spoils_neither_its_neighbours_nor_the_reading(file: Path, torn: bytes) -> None:
    audit = Audit(file)
    audit.write(MODERATOR, "pause", 0.0)
    with file.open("ab") as damaged:
        damaged.write(torn)
    audit.write(MODERATOR, "resume", 0.0)

    assert [entry["what"] for entry in audit.newest(9)] == ["pause", "resume"]


def test_a_full_file_gives_way_to_a_new_one_and_so_many_are_kept(file: Path) -> None:
    audit = Audit(file, size=1_000, files=3)
    for number in range(100):
        audit.write(MODERATOR, f"rate {number}", 0.0)

    kept = [entry["what"] for entry in audit.newest(100)]
    assert sorted(each.name for each in file.parent.iterdir()) == [
        "audit.jsonl",
        "audit.jsonl.1",
        "audit.jsonl.2",
    ]
    assert all(each.stat().st_size < 1_200 for each in file.parent.iterdir())
    assert kept == [f"rate {number}" for number in range(100 - len(kept), 100)]
    assert audit.newest(2) == audit.newest(100)[-2:]
    assert len(kept) > 10


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Audit(tmp_path).write(MODERATOR, "pause", 0.0)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_audit_log_is_for_its_owner_alone(file: Path) -> None:
    Audit(file).write(MODERATOR, "pause", 0.0)

    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700

    file.chmod(0o644)
    Audit(file).write(MODERATOR, "resume", 0.0)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_new_file_that_follows_a_full_one_is_for_its_owner_alone(file: Path) -> None:
    audit = Audit(file, size=1)
    for _ in range(2):
        audit.write(MODERATOR, "pause", 0.0)

    assert [each.stat().st_mode & 0o777 for each in sorted(file.parent.iterdir())] == [0o600, 0o600]
