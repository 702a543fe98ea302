"""Local voices, by the real sherpa-onnx with a tiny model."""

import asyncio
import io
import threading
import wave
from concurrent.futures import Future
from pathlib import Path

import pytest

from relay.companion.voice.base import VoiceError
from relay.companion.voice.build import engine_for, voice_for
from relay.companion.voice.local import PATIENCE as LONGEST
from relay.companion.voice.local import LocalVoice
from relay.companion.voice.local_models import speaker_of
from relay.companion.voice.manner import manner_of
from relay.config import CompanionSection
from relay.errors import ConfigError
from relay.models.base import ModelInUse, Purpose
from relay.models.catalogue import CATALOGUE, default
from relay.models.store import Contents, ModelStore
from relay.system.wav import wav_of
from tests.models.tiny_voice import PER_TOKEN, RATE, make_voice
from tests.support import PATIENCE, eventually, turns
from tests.virtual_time import VirtualLoop


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_voice(tmp_path_factory.mktemp("voices") / "tiny")


def settings(tiny: Path, **fields: object) -> CompanionSection:
    return CompanionSection.model_validate({"speech": "local", "speech_local": str(tiny), **fields})


def samples(wav: bytes) -> int:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return int(file.getnframes())


async def test_it_speaks_a_sentence_as_long_as_its_words(tiny: Path) -> None:
    voice = voice_for(settings(tiny))

    short, long = [samples(await voice.speak(text)) for text in ("Hello.", "Hello **there**, you \U0001f680!")]

    assert len("hello") * PER_TOKEN <= short < long <= len("hello there, you ! ") * PER_TOKEN


async def test_an_emotion_changes_its_pace(tiny: Path) -> None:
    voice = engine_for(settings(tiny))

    plain, sad = samples(await voice.speak("hello")), samples(await voice.speak("hello", manner_of("sadness")))

    assert sad == pytest.approx(plain / manner_of("sadness").speed, abs=2)


async def test_what_is_cut_before_its_turn_is_never_made(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    goes_on = threading.Event()

    def noted(pcm: bytes, rate: int) -> bytes:
        made.append(len(pcm))
        assert goes_on.wait(PATIENCE)
        return wav_of(pcm, rate)

    monkeypatch.setattr("relay.companion.voice.local.wav_of", noted)
    voice = engine_for(settings(tiny))
    async with asyncio.TaskGroup() as group:
        first = group.create_task(voice.speak("hello"))
        await eventually(lambda: made != [])
        cut = group.create_task(voice.speak("hello there. " * 50))
        await turns()

        cut.cancel()
        await asyncio.wait([cut])
        goes_on.set()
    said = await voice.speak("hello")

    assert made == [2 * samples(first.result()), 2 * samples(said)]


class SlowThread:
    """Takes nearly as long for each sentence as one may take, by the loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._free_at = 0.0

    def submit(self, *_: object) -> Future[bytes]:
        sound: Future[bytes] = Future()
        self._free_at = max(self._free_at, self._loop.time()) + 0.9 * LONGEST
        self._loop.call_at(self._free_at, sound.set_result, b"sound")
        return sound


def test_a_slow_voice_is_given_time_for_each_sentence_and_not_for_all_that_stand_in_line(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = engine_for(settings(tiny))
    loop = VirtualLoop()
    monkeypatch.setattr(voice, "_pool", SlowThread(loop))

    async def story() -> list[bytes]:
        return await asyncio.gather(*(voice.speak(f"Sentence {number}.") for number in range(4)))

    try:
        assert loop.run(story()) == 4 * [b"sound"]
    finally:
        loop.close()


async def test_it_is_checked_by_loading_it(tiny: Path) -> None:
    voice = engine_for(settings(tiny))

    assert isinstance(voice, LocalVoice)
    assert await voice.check() == f"{tiny} speaks on this machine, at {RATE} Hz"


async def test_a_broken_model_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"broken" * 100)
    (tmp_path / "tokens.txt").write_text("a 0\n")

    with pytest.raises(VoiceError, match=r"companion\.speech_local: .* cannot be loaded"):
        await engine_for(settings(tmp_path)).speak("hello")


async def test_a_folder_without_a_voice_says_what_one_needs(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"holds no voice: it needs an \.onnx file and tokens\.txt"):
        await engine_for(settings(tmp_path)).speak("hello")


def test_a_voice_that_was_not_fetched_says_how_it_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"companion\.speech_local: .*`relay models fetch kitten-nano-en`"):
        engine_for(CompanionSection(speech="local"), tmp_path)


async def test_a_voice_of_the_store_cannot_be_removed_while_it_is_spoken_with(tmp_path: Path) -> None:
    store = ModelStore(tmp_path)
    store.put("thorsten-de", make_voice(tmp_path / "fresh"), Contents({}, {}))
    voice = engine_for(CompanionSection(speech="local", speech_local="thorsten-de"), tmp_path)

    assert await voice.speak("hallo")
    with pytest.raises(ModelInUse):
        store.remove("thorsten-de")


async def test_an_unknown_speaker_is_told_with_those_there_are(tiny: Path) -> None:
    with pytest.raises(VoiceError, match=r"companion\.speech_voice: .* no speaker 'nobody'.*from 0 to 0"):
        await engine_for(settings(tiny, speech_voice="nobody")).speak("hello")


def test_speakers_are_named_or_numbered() -> None:
    assert [speaker_of("kokoro-en", name, 11) for name in ("", "af_sarah", "10")] == [0, 3, 10]


def test_the_usual_voice_is_free_and_its_files_are_known_beforehand() -> None:
    assert default(Purpose.VOICE).licence == "Apache-2.0"
    assert all(model.is_pinned for model in CATALOGUE.values() if model.purpose is Purpose.VOICE)
