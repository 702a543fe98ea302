"""Speech becomes text at an endpoint."""

import logging
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from relay.companion.hearing.transcription import Transcriber, transcriber_for
from relay.config import CompanionSection
from relay.errors import ConfigError
from relay.hearing.recognition.words import CHARACTERS
from tests import tones
from tests.companion.endpoints import Answer, TranscriptionEndpoint, serving
from tests.companion.hearing.sound import RATE, tone
from tests.models import tiny
from tests.support import PATIENCE

KEY = "sk-very-secret"


def transcriber(url: str) -> Transcriber:
    settings = CompanionSection(
        hearing="openai", hearing_url=url, hearing_model="tiny", hearing_api_key=SecretStr(KEY), timeout=PATIENCE
    )
    ear = transcriber_for(settings, Path("models"))
    assert ear is not None
    return ear


async def understood(*texts: str) -> list[str]:
    endpoint = TranscriptionEndpoint(*texts)
    async with serving("/audio/transcriptions", endpoint.answer) as url:
        ear = transcriber(url)
        return [await ear.transcribe(tone(0.1)) for _ in texts]


async def test_it_sends_the_samples_as_a_wav_file_and_reads_the_text() -> None:
    endpoint = TranscriptionEndpoint(" Hello there. ")

    async with serving("/audio/transcriptions", endpoint.answer) as url:
        text = await transcriber(url).transcribe(tone(0.5))

    assert text == "Hello there."
    assert endpoint.forms == [{"model": "tiny", "response_format": "json"}]
    assert endpoint.heard == [(RATE, tone(0.5))]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[BLANK_AUDIO]", ""),
        (" (applause) ", ""),
        ("\u266a\u266a", ""),
        ("*coughs* Well [music] then", "Well then"),
        ("one\ntwo\x00three", "one two three"),
        ("", ""),
    ],
)
async def test_only_words_count(text: str, words: str) -> None:
    assert await understood(text) == [words]


async def test_a_text_is_bounded() -> None:
    [text] = await understood("word " * 100_000)

    assert len(text) <= CHARACTERS


async def test_a_failure_is_empty_and_logged_once_with_the_fix(caplog: pytest.LogCaptureFixture) -> None:
    endpoint = TranscriptionEndpoint("Back again.")
    endpoint.status = 401
    async with serving("/audio/transcriptions", endpoint.answer) as url:
        ear = transcriber(url)

        with caplog.at_level(logging.DEBUG):
            failed = [await ear.transcribe(tone(0.1)) for _ in range(3)]
        endpoint.status = 200
        recovered = await ear.transcribe(tone(0.1))

    assert failed == ["", "", ""]
    assert recovered == "Back again."
    [warning] = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert "companion.hearing_api_key" in warning
    assert KEY not in caplog.text


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b'{"text": 5}', b'{"no": "text"}', b" " * 2**21, b"[" * 100_000])
async def test_what_is_no_transcription_is_a_failure(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    wrong: Answer = answer
    async with serving("/audio/transcriptions", wrong) as url:
        assert await transcriber(url).transcribe(tone(0.1)) == ""

    assert "sent what is no transcription; is companion.hearing_url right?" in caplog.text


def spoken(hertz: float) -> bytes:
    """Something that the tiny recogniser understands, after a little quiet."""
    return bytes(2 * (RATE * 3 // 10)) + tones.tone(hertz, 0.4, rate=RATE).tobytes()


async def test_it_understands_on_this_machine(tmp_path: Path) -> None:
    folder = tiny.transducer(tmp_path / "tiny")
    ear = transcriber_for(CompanionSection(hearing="local", hearing_local=str(folder)), tmp_path)

    assert ear is not None
    assert await ear.transcribe(spoken(300) + spoken(5_000)) == "low high"


def test_a_local_ear_without_its_model_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"companion\.hearing_local: .*relay models fetch kroko-de"):
        transcriber_for(CompanionSection(hearing="local", hearing_language="de"), tmp_path)
