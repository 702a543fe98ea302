"""A model is there whole and checked, or not at all, whatever the server and the network do."""

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from relay.models.base import FetchProgress, Model, ModelError, ModelFile, ModelInUse
from relay.models.downloading import Patience
from relay.models.fetching import fetch
from relay.models.store import ModelStore
from relay.models.unpacking import Unpacked
from tests.models.host import TOKENS, WEIGHTS, WHOLE, Publisher, archive
from tests.support import PATIENCE, eventually

QUICK = Patience(silence=PATIENCE, tries=3, wait=0.001)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with Publisher().running() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


async def is_broken_off(wanted: Model, publisher: Publisher, store: ModelStore) -> None:
    """A thousand bytes come, and then nothing more."""
    publisher.breaks_after = [1_000, 0, 0, 0]
    with pytest.raises(ModelError, match=r"broke off.*the next fetch goes on there"):
        await fetch(wanted, store, patience=QUICK)
    publisher.breaks_after, publisher.asked = [], []


def is_whole(store: ModelStore) -> bool:
    folder = store.path("tiny-en")
    return (folder / "tokens.txt").read_bytes() == TOKENS and (folder / "model.onnx").read_bytes() == WEIGHTS


def is_nothing_to_use(store: ModelStore) -> bool:
    return store.names() == [] and not (store.folder / "tiny-en").exists()


async def test_a_model_is_fetched_and_unpacked_without_its_outermost_folder(
    publisher: Publisher, store: ModelStore
) -> None:
    folder = await fetch(publisher.model(), store)

    assert folder == store.path("tiny-en") and is_whole(store)
    assert store.verify("tiny-en") == []
    assert not (folder / "test_wavs").exists(), "what nobody needs is left out"
    assert not store.partly("tiny-en").exists()


async def test_progress_is_told_to_its_end(publisher: Publisher, store: ModelStore) -> None:
    told: list[FetchProgress] = []

    await fetch(publisher.model(), store, told.append)

    fetched = [step.done for step in told if step.doing == "fetching"]
    assert fetched == sorted(fetched) and fetched[-1] == told[0].total == len(WHOLE)
    assert told[-1].doing == "unpacking"


async def test_what_is_there_is_not_fetched_again(publisher: Publisher, store: ModelStore) -> None:
    await fetch(publisher.model(), store)
    await fetch(publisher.model(), store)

    assert publisher.asked == [""]


async def test_what_is_there_and_broken_is_fetched_anew(publisher: Publisher, store: ModelStore) -> None:
    folder = await fetch(publisher.model(), store)
    (folder / "model.onnx").write_bytes(b"x")

    await fetch(publisher.model(), store)

    assert is_whole(store)


async def test_a_broken_connection_goes_on_where_it_was(publisher: Publisher, store: ModelStore) -> None:
    publisher.breaks_after = [1_000, 500]

    await fetch(publisher.model(), store, patience=QUICK)

    assert publisher.asked == ["", "bytes=1000-", "bytes=1500-"] and is_whole(store)


async def test_many_breaks_do_not_end_a_fetch_that_gets_on(publisher: Publisher, store: ModelStore) -> None:
    publisher.breaks_after = [100] * 10

    await fetch(publisher.model(), store, patience=QUICK)

    assert len(publisher.asked) == 11 and is_whole(store)


async def test_a_fetch_that_was_cancelled_is_gone_on_with_by_the_next(publisher: Publisher, store: ModelStore) -> None:
    publisher.hangs_after = 2_000
    fetching = asyncio.create_task(fetch(publisher.model(), store))
    await publisher.hung.wait()
    part = store.partly("tiny-en") / "model.tar.bz2.part"
    await eventually(lambda: part.exists() and part.stat().st_size == 2_000)
    fetching.cancel()
    await asyncio.wait({fetching})

    assert fetching.cancelled() and is_nothing_to_use(store)
    publisher.hangs_after = None
    await fetch(publisher.model(), store)
    assert publisher.asked == ["", "bytes=2000-"] and is_whole(store)


async def test_a_server_without_ranges_sends_the_whole_again(publisher: Publisher, store: ModelStore) -> None:
    publisher.knows_ranges = False
    publisher.breaks_after = [1_000]

    await fetch(publisher.model(), store, patience=QUICK)

    assert is_whole(store)


@pytest.mark.parametrize("etag", ['"two"', None, 'W/"weak"'])
async def test_a_file_that_changed_meanwhile_is_not_put_together_of_two(
    publisher: Publisher, store: ModelStore, etag: str | None
) -> None:
    publisher.body = archive({"tokens.txt": b"old"}) + bytes(3_000)
    publisher.etag = etag and etag.replace("two", "one")
    wanted = replace(publisher.model(), files=(ModelFile(f"{publisher.url}/model.tar.bz2", len(WHOLE)),))
    await is_broken_off(wanted, publisher, store)

    publisher.body, publisher.etag = WHOLE, etag
    await fetch(wanted, store, patience=QUICK)

    assert is_whole(store)


async def test_a_part_of_another_file_is_found_by_the_checksum_and_fetched_anew(
    publisher: Publisher, store: ModelStore
) -> None:
    publisher.etag = None
    wanted = publisher.model()
    publisher.body = bytes(len(WHOLE))
    await is_broken_off(wanted, publisher, store)

    publisher.body = WHOLE
    await fetch(wanted, store)

    assert publisher.asked == ["bytes=1000-", ""] and is_whole(store)


async def test_a_rest_that_is_not_there_any_more_begins_anew(publisher: Publisher, store: ModelStore) -> None:
    wanted = publisher.model()
    await is_broken_off(wanted, publisher, store)
    publisher.status = [416]

    await fetch(wanted, store, patience=QUICK)

    assert publisher.asked == ["bytes=1000-", ""] and is_whole(store)


async def test_of_a_wrong_checksum_nothing_is_left(publisher: Publisher, store: ModelStore) -> None:
    wanted = publisher.model()
    publisher.body = archive({"tokens.txt": b"something else"})

    with pytest.raises(ModelError, match="SHA-256"):
        await fetch(wanted, store)

    assert is_nothing_to_use(store) and not list(store.partly("tiny-en").iterdir())


async def test_what_has_no_published_checksum_has_to_stay_as_it_was_first(
    publisher: Publisher, store: ModelStore
) -> None:
    wanted = publisher.model(is_pinned=False)
    await fetch(wanted, store)
    store.remove("tiny-en")
    publisher.body = archive({"tokens.txt": b"something else"})

    with pytest.raises(ModelError, match="SHA-256"):
        await fetch(wanted, store)
    assert is_nothing_to_use(store)


async def test_a_redirect_is_followed(publisher: Publisher, store: ModelStore) -> None:
    await fetch(publisher.model("/led/model.tar.bz2"), store)

    assert is_whole(store)


async def test_a_redirect_keeps_what_is_here(publisher: Publisher, store: ModelStore) -> None:
    publisher.breaks_after = [1_000]

    await fetch(publisher.model("/led/model.tar.bz2"), store, patience=QUICK)

    assert publisher.asked == ["", "bytes=1000-"] and is_whole(store)


async def test_a_silent_server_is_left(publisher: Publisher, store: ModelStore) -> None:
    publisher.hangs_after = 0

    with pytest.raises(ModelError, match="said nothing for too long"):
        await fetch(publisher.model(), store, patience=Patience(silence=0.02, tries=2, wait=0.001))
    assert is_nothing_to_use(store)


async def test_a_busy_server_is_asked_again(publisher: Publisher, store: ModelStore) -> None:
    publisher.status = [503, 429]

    await fetch(publisher.model(), store, patience=QUICK)

    assert is_whole(store)


async def test_an_address_without_the_file_is_told_at_once(publisher: Publisher, store: ModelStore) -> None:
    publisher.status = [404]

    with pytest.raises(ModelError, match="answered 404"):
        await fetch(publisher.model(), store, patience=QUICK)
    assert publisher.asked == [""]


async def test_a_page_to_log_in_is_no_model(publisher: Publisher, store: ModelStore) -> None:
    publisher.content_type = "text/html"

    with pytest.raises(ModelError, match="no model"):
        await fetch(publisher.model(is_pinned=False), store, patience=QUICK)
    assert is_nothing_to_use(store)


async def test_a_file_without_end_is_left(publisher: Publisher, store: ModelStore) -> None:
    wanted = publisher.model()
    publisher.body = bytes(4_000_000)

    with pytest.raises(ModelError, match="sends more than"):
        await fetch(wanted, store, patience=QUICK)
    assert is_nothing_to_use(store)


async def test_too_little_room_is_said_before_anything_is_fetched(publisher: Publisher, store: ModelStore) -> None:
    with pytest.raises(ModelError, match=r"needs .* MB free in .* relay\.data_dir"):
        await fetch(publisher.model(unpacked=10**15), store)
    assert publisher.asked == []


@pytest.mark.parametrize("at", ["fetching", "unpacking"])
async def test_a_disk_that_becomes_full_is_said_and_leaves_nothing_to_use(
    publisher: Publisher, store: ModelStore, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        if at == "fetching":
            patched.setattr("relay.models.downloading.asyncio.to_thread", full)
        else:
            patched.setattr(Unpacked, "_write", full)
        with pytest.raises(ModelError, match="is full"):
            await fetch(publisher.model(), store)

    assert is_nothing_to_use(store)
    await fetch(publisher.model(), store)
    assert is_whole(store)


async def test_of_two_who_fetch_at_once_one_is_told(publisher: Publisher, store: ModelStore) -> None:
    publisher.hangs_after = 100
    first = asyncio.create_task(fetch(publisher.model(), store))
    await publisher.hung.wait()

    with pytest.raises(ModelInUse, match="another process"):
        await fetch(publisher.model(), ModelStore(store.folder))

    first.cancel()
    await asyncio.wait({first})


async def test_a_file_that_is_no_archive_is_kept_as_it_is(publisher: Publisher, store: ModelStore) -> None:
    publisher.body = b"weights"
    model = publisher.model()
    files = (
        ModelFile(f"{publisher.url}/plain.bin", 7, model.files[0].sha256, path="deep/weights.bin"),
        ModelFile(f"{publisher.url}/plain.bin", 7, model.files[0].sha256),
    )

    folder = await fetch(replace(model, files=files), store)

    assert (folder / "deep" / "weights.bin").read_bytes() == (folder / "plain.bin").read_bytes() == b"weights"


async def test_a_broken_fetch_goes_on_after_the_process_is_gone(publisher: Publisher, store: ModelStore) -> None:
    await is_broken_off(publisher.model(), publisher, store)

    await fetch(publisher.model(), ModelStore(store.folder))

    assert publisher.asked == ["bytes=1000-"] and is_whole(store)
