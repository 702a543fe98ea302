"""Recognition on this machine, by the real sherpa-onnx and models made for the test."""

import asyncio
import gc
import shutil
import threading
from pathlib import Path

import pytest

from relay.config import HearingSection
from relay.errors import ConfigError
from relay.hearing.base import HEARING_RATE, Recognition, RecognitionError
from relay.hearing.recognition.build import recogniser_for
from relay.hearing.recognition.engines import kinds_of
from relay.hearing.recognition.local import LocalRecogniser
from relay.hearing.recognition.words import words
from relay.models.base import ModelInUse
from relay.models.store import Contents, ModelStore, digest
from tests.models import tiny
from tests.support import eventually
from tests.tones import tone

BLOCK = 1_024
"""Bytes that come at once: 32 ms."""


SILENCE = bytes(2 * HEARING_RATE * 3 // 10)
LOW = SILENCE + tone(300, 0.4, rate=HEARING_RATE).tobytes()
HIGH = SILENCE + tone(5_000, 0.4, rate=HEARING_RATE).tobytes()


@pytest.fixture(scope="session")
def transducer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.transducer(tmp_path_factory.mktemp("tiny") / "transducer")


@pytest.fixture(scope="session")
def ctc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.ctc(tmp_path_factory.mktemp("tiny") / "ctc")


@pytest.fixture(scope="module")
def recogniser(transducer: Path) -> LocalRecogniser:
    """One for all, as loading tries the model in a process first."""
    return LocalRecogniser("tiny", transducer)


def feed(turn: Recognition, sound: bytes) -> None:
    for at in range(0, len(sound), BLOCK):
        turn.feed(sound[at : at + BLOCK])


async def understood(recogniser: LocalRecogniser, sound: bytes) -> str:
    turn = recogniser.begin()
    feed(turn, sound)
    return await turn.finish()


async def test_a_turn_becomes_text(recogniser: LocalRecogniser) -> None:
    assert await understood(recogniser, LOW + HIGH + LOW) == "low high low"


async def test_silence_has_no_words(recogniser: LocalRecogniser) -> None:
    assert await understood(recogniser, SILENCE) == ""
    assert await recogniser.begin().finish() == ""


async def test_what_is_understood_so_far_is_told_while_somebody_speaks(recogniser: LocalRecogniser) -> None:
    turn = recogniser.begin()
    assert turn.text == ""

    feed(turn, LOW)
    await eventually(lambda: turn.text == "low")
    feed(turn, HIGH)
    await eventually(lambda: turn.text == "low high")

    assert await turn.finish() == turn.text


async def test_the_last_word_is_not_lost(recogniser: LocalRecogniser) -> None:
    short = tone(5_000, 0.06, rate=HEARING_RATE).tobytes()

    assert await understood(recogniser, LOW + SILENCE + short) == "low high", "though it is shorter than a chunk"


async def test_people_who_speak_at_once_do_not_mix(recogniser: LocalRecogniser) -> None:
    said = [LOW, HIGH, LOW + HIGH, HIGH + LOW, SILENCE, HIGH, LOW, LOW + HIGH + LOW]
    turns = [recogniser.begin() for _ in said]
    for at in range(0, max(map(len, said)), BLOCK):
        for turn, sound in zip(turns, said, strict=True):
            if piece := sound[at : at + BLOCK]:
                turn.feed(piece)
        await asyncio.sleep(0)

    texts = await asyncio.gather(*(turn.finish() for turn in turns))

    assert texts == ["low", "high", "low high", "high low", "", "high", "low", "low high low"]


async def test_one_thread_serves_everybody(recogniser: LocalRecogniser) -> None:
    await asyncio.gather(*(understood(recogniser, LOW) for _ in range(8)))

    assert sum(thread.name.startswith("recognition") for thread in threading.enumerate()) == 1


async def test_who_is_abandoned_is_not_in_the_way(recogniser: LocalRecogniser) -> None:
    turn = recogniser.begin()
    feed(turn, LOW)
    turn.abandon()
    feed(turn, HIGH)

    assert await understood(recogniser, LOW) == "low"


async def test_a_finish_that_is_cancelled_leaves_the_others_alone(recogniser: LocalRecogniser) -> None:
    turn = recogniser.begin()
    feed(turn, LOW * 20)
    finishing = asyncio.create_task(turn.finish())
    await asyncio.sleep(0)
    finishing.cancel()

    assert await understood(recogniser, HIGH) == "high"
    assert finishing.cancelled()


async def test_of_a_turn_without_end_only_the_beginning_is_kept(
    recogniser: LocalRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.hearing.recognition.local.LONGEST", 1)

    assert await understood(recogniser, LOW + SILENCE + HIGH) == "low"


async def test_it_says_what_it_is(recogniser: LocalRecogniser) -> None:
    assert await recogniser.check() == "tiny understands on this machine, while people speak"


async def test_a_ctc_model_hears_the_same_word_twice(ctc: Path) -> None:
    assert await understood(LocalRecogniser("tiny", ctc), LOW + LOW) == "low low"


async def test_a_model_that_does_not_stream_understands_whole_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.hearing.recognition.local.kind_of", lambda *_: "transducer")
    recogniser = LocalRecogniser("tiny", tiny.whole_transducer(tmp_path / "whole"))

    texts = await asyncio.gather(*(understood(recogniser, sound) for sound in (LOW + HIGH, HIGH, SILENCE)))

    assert texts == ["low high", "high", ""]
    assert await recogniser.check() == "tiny understands on this machine, after each turn"


async def test_a_model_that_does_not_stream_is_not_asked_before_a_turn_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.hearing.recognition.local.kind_of", lambda *_: "transducer")
    recogniser = LocalRecogniser("tiny", tiny.whole_transducer(tmp_path / "whole"))
    turn = recogniser.begin()

    turn.feed(LOW)
    await asyncio.wrap_future(recogniser._pool.submit(int))  # the thread has looked at it

    turn.feed(HIGH)
    assert await turn.finish() == "low high"


async def test_a_model_that_would_end_the_process_is_told_instead(tmp_path: Path) -> None:
    folder = tiny.ctc(tmp_path / "ctc")
    (folder / "tokens.txt").write_text("nothing 0\n")
    recogniser = LocalRecogniser("broken", folder)

    with pytest.raises(RecognitionError, match="does not load"):
        await recogniser.check()
    with pytest.raises(RecognitionError, match="does not load"):
        await understood(recogniser, LOW)


async def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecognitionError, match="holds no model"):
        await LocalRecogniser("none", tmp_path).check()


async def test_its_thread_ends_with_it(tmp_path: Path) -> None:
    recogniser = LocalRecogniser("none", tmp_path)
    thread = next(iter(recogniser._pool._threads))

    del recogniser
    gc.collect()

    await eventually(lambda: not thread.is_alive())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("HELLO THERE", "hello there"),
        ("Hello THERE", "Hello THERE"),
        ("I", "I"),
        (" [BLANK_AUDIO] (applause) hi\x1b ", "hi"),
        ("你好", "你好"),
    ],
)
def test_what_engines_say_becomes_words(said: str, told: str) -> None:
    assert words(said) == told


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ("encoder.onnx decoder.onnx joiner.onnx tokens.txt", "streaming transducer"),
        ("encoder_model.ort decoder_model_merged.ort tokens.txt", "moonshine"),
        ("tiny-encoder.int8.onnx tiny-decoder.int8.onnx tiny-tokens.txt", "whisper"),
        ("model.onnx tokens.txt", "streaming ctc"),
    ],
)
def test_what_a_folder_may_be_is_told_by_its_files(tmp_path: Path, files: str, kind: str) -> None:
    for name in files.split():
        (tmp_path / name).touch()

    assert kinds_of(tmp_path)[0] == kind


@pytest.fixture
def models(tmp_path: Path, transducer: Path) -> Path:
    """A folder with the model to begin with, or rather a tiny one under its name."""
    store = ModelStore(tmp_path / "models")
    fresh = store.partly("kroko-en")
    shutil.copytree(transducer, fresh)
    files = {file.name: (file.stat().st_size, digest(file)) for file in fresh.iterdir()}
    store.put("kroko-en", fresh, Contents({}, files))
    return store.folder


async def test_the_settings_want_a_model_of_the_catalogue(models: Path) -> None:
    recogniser = recogniser_for(HearingSection(through="local"), models)

    assert isinstance(recogniser, LocalRecogniser)
    assert await understood(recogniser, LOW) == "low"


def test_a_model_that_listens_is_not_removed(models: Path) -> None:
    (models / "kroko-en" / "encoder.onnx").unlink()  # so that it is not loaded
    recogniser = recogniser_for(HearingSection(through="local"), models)
    with pytest.raises(ModelInUse):
        ModelStore(models).remove("kroko-en")

    del recogniser
    gc.collect()

    assert ModelStore(models).remove("kroko-en")


async def test_a_model_that_was_changed_is_not_loaded(models: Path) -> None:
    (models / "kroko-en" / "encoder.onnx").write_bytes(b"x")
    recogniser = recogniser_for(HearingSection(through="local"), models)

    assert recogniser is not None
    with pytest.raises(RecognitionError, match="relay models fetch kroko-en"):
        await recogniser.check()


@pytest.mark.parametrize(
    ("settings", "fix"),
    [
        ({}, "relay models fetch kroko-en"),
        ({"language": "de-AT"}, "relay models fetch kroko-de"),
        ({"local_model": "kroko-fr"}, "relay models fetch kroko-fr"),
        ({"local_model": "nix"}, "there is no model 'nix'"),
        ({"local_model": "./nix"}, "nix is no folder"),
        ({"language": "tlh"}, "no recogniser for 'tlh'"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(tmp_path: Path, settings: dict[str, str], fix: str) -> None:
    with pytest.raises(ConfigError, match=fix):
        recogniser_for(HearingSection.model_validate({"through": "local", **settings}), tmp_path)


def test_a_model_for_another_language_is_told(models: Path) -> None:
    with pytest.raises(ConfigError, match=r"hearing\.language: kroko-en does not understand 'de'"):
        recogniser_for(HearingSection(through="local", local_model="kroko-en", language="de"), models)


def test_without_the_extra_it_says_how_to_get_it(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.hearing.recognition.build.find_spec", lambda name: None)

    with pytest.raises(ConfigError, match=r"needs more packages: run .*local"):
        recogniser_for(HearingSection(through="local"), models)


def test_a_folder_of_ones_own_is_taken(transducer: Path, tmp_path: Path) -> None:
    settings = HearingSection(through="local", local_model=str(transducer))

    assert isinstance(recogniser_for(settings, tmp_path), LocalRecogniser)
