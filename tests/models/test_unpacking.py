"""Archives are taken for hostile, as only some come with a published checksum."""

import tarfile
import threading
from pathlib import Path

import pytest

from relay.models import unpacking
from relay.models.base import ModelError
from relay.models.unpacking import Unpacked
from tests.models.host import WHOLE, archive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "inside"
    inside.mkdir()
    return inside


def unpack(body: bytes, folder: Path, limit: int = 2_000_000) -> Unpacked:
    file = folder.parent / "model.tar.bz2"
    file.write_bytes(body)
    unpacked = Unpacked(folder, limit, ("test_wavs/*",), threading.Event())
    unpacked.archive(file)
    return unpacked


def outside(folder: Path) -> set[str]:
    return {file.name for file in folder.parent.iterdir()} - {"inside", "model.tar.bz2"}


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(f"model/{name}")
    member.type = kind
    member.linkname = target
    return member


def test_files_come_out_with_what_they_are(folder: Path) -> None:
    unpacked = unpack(archive({"tokens.txt": b"a 0\n", "data/en/dict": b"x", "test_wavs/0.wav": b"x"}), folder)

    assert (folder / "data" / "en" / "dict").read_bytes() == b"x"
    assert {path: size for path, (size, _) in unpacked.files.items()} == {"tokens.txt": 4, "data/en/dict": 1}


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "a/../../evil",
        "../../../evil",
        "a/b/c/d/e/f/g/h/i",
        "C:evil",
        "a\\..\\..\\evil",
        "tokens\n.txt",
        "a:b",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(ModelError, match="somewhere else"):
        unpack(archive({name: b"x"}), folder)

    assert not outside(folder)


def test_an_absolute_path_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="somewhere else"):
        unpack(archive({"evil": b"x"}, folder=str(tmp_path)), folder)

    assert not outside(folder)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_what_is_no_plain_file_is_refused(folder: Path, kind: bytes) -> None:
    with pytest.raises(ModelError, match="no plain file"):
        unpack(archive({"evil": link("evil", kind, "../../outside")}), folder)

    assert not list(folder.iterdir())


def test_a_name_twice_does_not_write_through_what_is_there(folder: Path) -> None:
    (folder / "tokens.txt").write_bytes(b"before")

    with pytest.raises(OSError, match="exists"):
        unpack(archive({"tokens.txt": b"after"}), folder)
    assert (folder / "tokens.txt").read_bytes() == b"before"


def test_more_than_the_model_can_be_is_refused_before_it_is_written(folder: Path) -> None:
    with pytest.raises(ModelError, match="larger than it can be"):
        unpack(archive({"bomb": bytes(200_000)}), folder, limit=100_000)

    assert not list(folder.iterdir())


def test_what_is_skipped_counts_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "HEADERS", 100_000)

    with pytest.raises(ModelError, match="holds more"):
        unpack(archive({"test_wavs/bomb": bytes(500_000)}), folder, limit=100_000)


def test_a_header_that_never_ends_is_refused(folder: Path) -> None:
    header = link("x", tarfile.XHDTYPE, "")
    header.size = 10**12

    with pytest.raises(ModelError):
        unpack(archive({"x": header}), folder)


def test_a_flood_of_files_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MEMBERS", 100)

    with pytest.raises(ModelError, match="more than"):
        unpack(archive({f"test_wavs/{n}": b"" for n in range(101)}), folder)


@pytest.mark.parametrize("body", [b"", b"no archive", WHOLE[:-100], WHOLE[:50] + b"x" + WHOLE[51:]])
def test_what_is_no_archive_is_said(folder: Path, body: bytes) -> None:
    with pytest.raises(ModelError, match=r"model\.tar\.bz2 is no archive"):
        unpack(body, folder)
