"""`relay models`, with a publisher on this machine."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from relay.cli import app
from relay.models.base import Model, Purpose
from relay.models.catalogue import CATALOGUE, default
from relay.models.store import ModelStore
from tests.models.host import Publisher


@pytest.fixture
async def publisher(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Publisher]:
    """With one model in the catalogue, besides those there are."""
    async with Publisher().running() as running:
        monkeypatch.setitem(CATALOGUE, "tiny-en", running.model())
        yield running


class Typed:
    """`relay models …` with settings of its own."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "relay.toml"
        self.config.write_text(f"[relay]\ndata_dir = {str(folder / 'data')!r}\n", "utf-8")
        self.store = ModelStore(folder / "data" / "models")

    async def __call__(self, *words: str) -> Result:
        words = ("models", *words, "--config", str(self.config))
        return await asyncio.to_thread(CliRunner().invoke, app, words)


@pytest.fixture
def models(tmp_path: Path) -> Typed:
    return Typed(tmp_path)


async def test_a_model_is_fetched_listed_verified_and_removed(publisher: Publisher, models: Typed) -> None:
    assert "tiny-en is here" in (await models("fetch", "tiny-en")).stdout

    listed = next(line for line in (await models()).stdout.splitlines() if "tiny-en" in line)
    assert listed.split()[:3] == ["here", "tiny-en", "recogniser"]
    assert "tiny-en: as it was fetched" in (await models("verify")).stdout
    assert "tiny-en is removed" in (await models("remove", "tiny-en")).stdout
    assert models.store.names() == []


async def test_a_changed_model_ends_verify_with_1(publisher: Publisher, models: Typed) -> None:
    await models("fetch", "tiny-en")
    (models.store.path("tiny-en") / "tokens.txt").write_text("b 0\n")

    told = await models("verify", "tiny-en")

    assert told.exit_code == 1
    assert "tokens.txt" in told.stdout and "relay models fetch" in told.stdout


async def test_the_same_file_may_come_from_elsewhere(publisher: Publisher, models: Typed) -> None:
    there = publisher.url
    CATALOGUE["tiny-en"] = publisher.model("/gone.tar.bz2")

    assert (await models("fetch", "tiny-en")).exit_code == 1
    assert (await models("fetch", "tiny-en", "--from", f"{there}/led/model.tar.bz2")).exit_code == 0
    assert models.store.verify("tiny-en") == []


@pytest.mark.parametrize("wrong", ["ftp://example.org/model.tar.bz2", "https://example.org/", "model.tar.bz2"])
async def test_what_is_no_address_is_told(publisher: Publisher, models: Typed, wrong: str) -> None:
    told = await models("fetch", "tiny-en", "--from", wrong)

    assert told.exit_code == 1 and "--from" in str(told.exception)


async def test_a_name_that_is_none_is_told_with_those_there_are(models: Typed) -> None:
    told = await models("fetch", "kroko-xx")

    assert told.exit_code == 1 and "kroko-en" in str(told.exception)


async def test_the_list_says_how_each_is_known_to_be_what_it_is(publisher: Publisher, models: Typed) -> None:
    CATALOGUE["tiny-en"] = publisher.model(is_pinned=False)

    told = json.loads((await models("--json")).stdout)["models"]

    row = next(row for row in told if row["name"] == "tiny-en")
    assert row["checksum"] == "recorded here at its first fetch" and not row["here"]


def all_models() -> list[Model]:
    return list(CATALOGUE.values())


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model.name)
def test_each_entry_says_all_that_people_and_fetching_need(model: Model) -> None:
    assert model.about and model.licence and model.languages and model.source.startswith("https://")
    assert model.files and all(file.url.startswith("https://") and file.size > 0 for file in model.files)
    assert all(len(file.sha256) in (0, 64) for file in model.files)
    assert model.unpacked > 0


def test_there_is_a_recogniser_to_begin_with() -> None:
    assert default(Purpose.RECOGNISER).languages == ("en",)
