"""`relay voices`, with the voices that are here."""

import json
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from relay.cli import app
from relay.models.store import Contents, ModelStore
from tests.models.tiny_voice import RATE, make_voice


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "relay.toml"
    file.write_text(f"[relay]\ndata_dir = {str(tmp_path / 'data')!r}\n", "utf-8")
    return file


def typed(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["voices", *words, "--config", str(config)])


def test_voices_of_every_engine_are_listed(config: Path) -> None:
    listed = json.loads(typed(config, "--json").stdout)["voices"]

    here = {voice["name"]: voice["is_here"] for voice in listed}
    assert here["espeak/de"] and here["espeak/en-us"]
    assert not here["kitten-nano-en/2-f"] and not here["openai/nova"]


def test_a_language_has_its_own(config: Path) -> None:
    told = typed(config, "--language", "de").stdout

    assert "thorsten-de" in told and "espeak/de" in told
    assert "kitten-nano-en" not in told and "espeak/fr" not in told


def test_a_voice_is_heard_in_a_wav_file(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "heard.wav"

    told = typed(config, "play", "espeak/de", "--out", str(file), "--no-open")

    assert "said: Hallo!" in told.stdout
    with wave.open(str(file)) as sound:
        assert sound.getnframes() > sound.getframerate()


def test_a_local_voice_that_was_fetched_is_heard(config: Path, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "data" / "models")
    store.put("thorsten-de", make_voice(store.partly("thorsten-de") / "fresh"), Contents({}, {}))
    file = tmp_path / "heard.wav"

    told = typed(config, "play", "thorsten-de", "--text", "hallo", "--out", str(file), "--no-open")

    assert told.exit_code == 0
    with wave.open(str(file)) as sound:
        assert sound.getframerate() == RATE


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nobody"], "there is no voice 'nobody'"),
        (["thorsten-de"], "relay models fetch thorsten-de"),
        ([], 'companion.speech is "none"'),
        (["espeak/de", "--text", ":)"], "nothing in it that is read aloud"),
        (["espeak/de", "--out", "/nowhere/at/all.wav"], "--out: /nowhere/at/all.wav"),
    ],
)
def test_what_cannot_be_heard_is_said_with_the_fix(config: Path, words: list[str], problem: str) -> None:
    told = typed(config, "play", *words, "--no-open")

    assert told.exit_code != 0
    assert problem in f"{told.output}{told.exception}"
