"""The built-in voice, for real."""

import asyncio
import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.companion.voice import espeak
from relay.companion.voice.espeak import Espeak
from relay.errors import ConfigError
from relay.text.aloud.reading import ReadAloud
from tests.support import examples

SENTENCE = "Welcome to the stream, everybody; today we play a game."


def samples(wav: bytes) -> tuple[int, "np.ndarray[tuple[int], np.dtype[np.int16]]"]:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), np.int16)


async def seconds(voice: Espeak, text: str) -> float:
    rate, pcm = samples(await voice.speak(text))
    return len(pcm) / rate


async def test_it_is_audible_from_the_first_tenth_of_a_second() -> None:
    rate, pcm = samples(await Espeak("").speak(SENTENCE))

    assert np.abs(pcm[: rate // 10].astype(int)).max() > 1_000
    assert 2 < len(pcm) / rate < 6


async def test_longer_text_takes_longer() -> None:
    voice = Espeak("en-us")

    assert (
        await seconds(voice, "Hello.") < await seconds(voice, SENTENCE) < await seconds(voice, f"{SENTENCE} {SENTENCE}")
    )


async def test_sentences_asked_for_at_once_do_not_mix() -> None:
    voice = Espeak("en-us")
    alone = [await seconds(voice, "One."), await seconds(voice, SENTENCE)]

    together = await asyncio.gather(*(seconds(voice, text) for text in ["One.", SENTENCE] * 5))

    assert together == pytest.approx(alone * 5, rel=0.05)


async def test_voices_of_one_process_do_not_mix() -> None:
    english, german = Espeak("en-us"), Espeak("de")

    assert await english.speak("Ja, genau.") != await german.speak("Ja, genau.")


async def test_markup_is_read_and_not_obeyed() -> None:
    voice = Espeak("en-us")

    paused = await seconds(voice, '<speak><break time="20s"/>Hi</speak>')

    assert paused < 15
    assert await seconds(voice, "[[h@l'oU]]") != await seconds(voice, "hello")


def test_an_unknown_voice_is_named_with_the_fix() -> None:
    with pytest.raises(ConfigError, match=r"companion\.speech_voice: eSpeak has no voice 'nobody'.*en-us"):
        Espeak("nobody")


@settings(max_examples=examples(60), deadline=None)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    rate, pcm = samples(asyncio.run(Espeak("en-us").speak(ReadAloud()(text) or "a")))

    assert 0 < len(pcm) / rate < 600


def test_a_folder_that_the_c_library_cannot_name_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def encoded(path: str) -> bytes:
        return "Łukasz".encode("cp1252")

    monkeypatch.setattr(espeak._Library, "_only", None)
    monkeypatch.setattr(espeak, "_path", encoded)

    with pytest.raises(ConfigError, match='set speech = "openai" or "none"'):
        Espeak("")
