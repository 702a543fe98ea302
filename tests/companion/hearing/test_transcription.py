"""Speech becomes text at an endpoint."""

import logging

import pytest
from aiohttp import web
from pydantic import SecretStr

from relay.companion.hearing.transcription import Transcriber
from relay.config import CompanionSection
from relay.hearing.recognition.words import CHARACTERS
from tests.companion.endpoints import Answer, TranscriptionEndpoint, serving
from tests.companion.hearing.sound import RATE, tone

KEY = "sk-very-secret"


def transcriber(url: str) -> Transcriber:
    return Transcriber(
        CompanionSection(hearing_url=url, hearing_model="tiny", hearing_api_key=SecretStr(KEY), timeout=2)
    )


async def understood(*texts: str) -> list[str]:
    endpoint = TranscriptionEndpoint(*texts)
    async with serving("/audio/transcriptions", endpoint.answer) as url:
        ear = transcriber(url)
        return [await ear.transcribe(tone(0.1), RATE) for _ in texts]


async def test_it_sends_the_samples_as_a_wav_file_and_reads_the_text() -> None:
    endpoint = TranscriptionEndpoint(" Hello there. ")

    async with serving("/audio/transcriptions", endpoint.answer) as url:
        text = await transcriber(url).transcribe(tone(0.5), RATE)

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
            failed = [await ear.transcribe(tone(0.1), RATE) for _ in range(3)]
        endpoint.status = 200
        recovered = await ear.transcribe(tone(0.1), RATE)

    assert failed == ["", "", ""]
    assert recovered == "Back again."
    [warning] = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    assert "companion.hearing_api_key" in warning
    assert KEY not in caplog.text


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b'{"text": 5}', b'{"no": "text"}', b" " * 2**21])
async def test_what_is_no_transcription_is_a_failure(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body)

    wrong: Answer = answer
    async with serving("/audio/transcriptions", wrong) as url:
        assert await transcriber(url).transcribe(tone(0.1), RATE) == ""

    assert "sent what is no transcription; is companion.hearing_url right?" in caplog.text
