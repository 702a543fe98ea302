"""What is on the disk, whether it is still what was fetched, and who has it."""

import subprocess
import sys
from pathlib import Path

import pytest

from relay.models.base import ModelError, ModelInUse, ModelMissing
from relay.models.store import Contents, ModelStore, digest


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """With a model in it."""
    store = ModelStore(tmp_path / "models")
    fresh = store.partly("tiny-en") / "unpacked"
    fresh.mkdir(parents=True)
    (fresh / "tokens.txt").write_bytes(b"a 0\n")
    store.put("tiny-en", fresh, Contents({}, {"tokens.txt": (4, digest(fresh / "tokens.txt"))}))
    return store


def test_what_is_there_is_as_it_was_fetched(store: ModelStore) -> None:
    assert store.names() == ["tiny-en"] and store.verify("tiny-en") == []
    assert store.contents("tiny-en").size == 4


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"b 0\n", "is not what was fetched"), (b"a", "has 1 bytes, not 4"), (None, "is missing")],
)
def test_what_was_changed_is_told(store: ModelStore, content: bytes | None, problem: str) -> None:
    file = store.path("tiny-en") / "tokens.txt"
    file.unlink() if content is None else file.write_bytes(content)

    assert store.verify("tiny-en") == [f"tokens.txt {problem}"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"files": 1, "archives": {}}', b"\xff"])
def test_a_list_that_cannot_be_read_is_told(store: ModelStore, content: bytes) -> None:
    (store.path("tiny-en") / "model.json").write_bytes(content)

    assert "fetch it again" in store.verify("tiny-en")[0]


def test_a_folder_without_its_list_is_no_model(store: ModelStore) -> None:
    (store.path("tiny-en") / "model.json").unlink()

    with pytest.raises(ModelMissing, match="relay models fetch tiny-en"):
        store.path("tiny-en")


def test_a_model_is_removed_with_what_was_fetched_of_it_in_part(store: ModelStore) -> None:
    store.partly("tiny-en").mkdir(parents=True)

    assert store.remove("tiny-en")
    assert store.names() == [] and not store.partly("tiny-en").exists()
    assert not store.remove("tiny-en"), "there is nothing left to remove"


def test_a_model_in_use_is_not_removed(store: ModelStore) -> None:
    with store.use("tiny-en"), store.use("tiny-en"):
        with pytest.raises(ModelInUse, match="tiny-en is being used"):
            store.remove("tiny-en")
        assert store.verify("tiny-en") == []

    assert store.remove("tiny-en")


def test_a_model_that_another_process_uses_is_not_removed_until_that_ends(store: ModelStore) -> None:
    program = (
        "import sys, pathlib; from relay.models.store import ModelStore\n"
        "claim = ModelStore(pathlib.Path(sys.argv[1])).use('tiny-en'); print('uses', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, store.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"uses\n"
        with pytest.raises(ModelInUse):
            store.remove("tiny-en")
        other.kill()

    assert store.remove("tiny-en"), "who was killed uses nothing any more"


def test_a_model_is_not_used_while_it_is_changed(store: ModelStore) -> None:
    with store.change("tiny-en"), pytest.raises(ModelInUse):
        store.use("tiny-en")


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("no folder")

    with pytest.raises(ModelError, match="cannot be written to"):
        ModelStore(tmp_path / "models").change("tiny-en")


def test_a_pin_outlives_the_model(store: ModelStore) -> None:
    store.pin("https://example.org/a", "abc")
    store.remove("tiny-en")

    assert ModelStore(store.folder).pinned("https://example.org/a") == "abc"
    assert store.pinned("https://example.org/b") == ""
