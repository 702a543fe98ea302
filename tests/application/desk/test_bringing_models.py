"""Who chooses a model that is not on this computer is offered to fetch it, and then goes on with it."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from relay.application.desk.chapters.companion import lead_to_companion
from relay.application.desk.chapters.understanding import lead_to_understanding
from relay.application.settings import load
from relay.config.loading import Config
from relay.models.base import ModelFile
from relay.models.catalogue import CATALOGUE
from relay.models.store import ModelStore
from tests.guided import Visitor, texts
from tests.models import tiny
from tests.models.host import Publisher, archive
from tests.models.tiny_voice import make_voice
from tests.support import eventually

VOICE, RECOGNISER = "thorsten-de", "kroko-en"
CHOSEN = ({"name": "Nova"}, {"speech": "local"}, {"speech_local": VOICE})
LISTENING = ({"through": "local"}, {"local_model": RECOGNISER})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(relay={"data_dir": str(tmp_path)})


@asynccontextmanager
async def published(
    name: str, make: Callable[[Path], Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Publisher]:
    """The model of that name, small, where the catalogue says that it is."""
    body = archive({file.name: file.read_bytes() for file in make(folder / "made").iterdir()})
    async with Publisher(body).running() as publisher:
        file = ModelFile(f"{publisher.url}/model.tar.bz2", len(body), sha256(body).hexdigest())
        monkeypatch.setitem(CATALOGUE, name, replace(CATALOGUE[name], files=(file,)))
        yield publisher


@pytest.fixture
async def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Publisher]:
    async with published(VOICE, make_voice, tmp_path, monkeypatch) as publisher:
        yield publisher


@pytest.fixture
async def recogniser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Publisher]:
    async with published(RECOGNISER, tiny.transducer, tmp_path, monkeypatch) as publisher:
        yield publisher


def here(config: Config) -> list[str]:
    return ModelStore(config.models_folder).names()


async def test_a_voice_is_fetched_and_then_heard(config: Config, voice: Publisher) -> None:
    visitor = Visitor(*CHOSEN, {"fetch": "fetch"}, {"keep": "yes"})

    changes = await lead_to_companion(config, visitor)

    assert changes["companion.speech_local"] == VOICE and here(config) == [VOICE]
    with wave.open(io.BytesIO(visitor.asked[-1].sound)) as sample:
        assert sample.getnframes() > sample.getframerate()
    assert [str(step.doing) for step in visitor.told] == [
        "Connecting…", "0 of 1 MB", "Unpacking it…", "Trying it…",
    ]  # fmt: skip
    assert visitor.told[1].share == 1.0


async def test_its_size_is_said_before_anything_comes(config: Config) -> None:
    visitor = Visitor(*CHOSEN)

    with pytest.raises(AssertionError, match="one question too many"):
        await lead_to_companion(config, visitor)

    [voices] = [field for field in visitor.asked[2].fields if field.name == "speech_local"]
    labels = [str(option.label) for option in voices.options]
    assert f"{VOICE}: German, one speaker, quick (not here, 67 MB to fetch)" in labels
    assert "67 MB come from github.com" in texts(visitor.asked[3])
    assert visitor.shown == []


async def test_a_fetch_that_failed_says_why_and_can_be_tried_again(config: Config, voice: Publisher) -> None:
    voice.status = [404]
    visitor = Visitor(*CHOSEN, {"fetch": "fetch"}, {"fetch": "fetch"}, {"keep": "yes"})

    await lead_to_companion(config, visitor)

    assert here(config) == [VOICE]
    [problem] = visitor.problems
    assert "127.0.0.1 answered 404" in problem


async def test_who_wants_another_one_chooses_anew_and_nothing_is_wrong(config: Config, voice: Publisher) -> None:
    visitor = Visitor(
        *CHOSEN, {"fetch": "another"}, {"speech_local": "kokoro-en"}, {"fetch": "another"},
        {"speech_local": VOICE}, {"fetch": "fetch"}, {"keep": "yes"},
    )  # fmt: skip

    changes = await lead_to_companion(config, visitor)

    assert changes["companion.speech_local"] == VOICE
    assert [str(form.title) for form in visitor.asked].count("Which voice?") == 3
    assert visitor.problems == []


async def test_who_leaves_meanwhile_finds_what_has_come_at_the_next_time(config: Config, voice: Publisher) -> None:
    voice.hangs_after = 200
    leading = asyncio.create_task(_lead(config, Visitor(*CHOSEN, {"fetch": "fetch"})))
    await voice.hung.wait()
    store = ModelStore(config.models_folder)
    part = store.partly(VOICE) / "model.tar.bz2.part"
    await eventually(lambda: part.exists() and part.stat().st_size == 200)
    leading.cancel()
    await asyncio.wait({leading})
    assert leading.cancelled() and here(config) == []

    voice.hangs_after = None
    await lead_to_companion(config, Visitor(*CHOSEN, {"fetch": "fetch"}, {"keep": "yes"}))

    assert voice.asked == ["", "bytes=200-"] and here(config) == [VOICE]


async def _lead(config: Config, visitor: Visitor) -> Any:
    return await lead_to_companion(config, visitor)


async def test_a_recogniser_is_fetched_and_then_tried(config: Config, recogniser: Publisher) -> None:
    visitor = Visitor(*LISTENING, {"fetch": "fetch"})

    changes = await lead_to_understanding(config, visitor)

    assert changes == {"hearing.through": "local", "hearing.local_model": RECOGNISER}
    assert here(config) == [RECOGNISER] and visitor.problems == []


async def test_a_recogniser_for_another_language_is_refused_before_it_is_fetched(
    config: Config, recogniser: Publisher
) -> None:
    german = config.model_copy(update={"hearing": config.hearing.model_copy(update={"language": "de"})})
    visitor = Visitor(*LISTENING, {"local_model": "kroko-de"}, {"fetch": "another"})

    with pytest.raises(AssertionError, match="one question too many"):
        await lead_to_understanding(german, visitor)

    assert "does not understand 'de'" in visitor.problems[0]
    assert recogniser.asked == []


@pytest.mark.parametrize(("lead", "answers"), [(lead_to_companion, CHOSEN), (lead_to_understanding, LISTENING)])
async def test_where_nothing_could_load_it_nothing_is_offered(
    config: Config, lead: Any, answers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for user in ("hearing.recognition.build", "application.desk.chapters.fetching"):
        monkeypatch.setattr(f"relay.{user}.find_spec", lambda name: None)
    visitor = Visitor(*answers)

    with pytest.raises(AssertionError, match=r"needs? more packages: run .*local"):
        await lead(config, visitor)

    assert visitor.shown == []
