"""The voice at an endpoint."""

import asyncio
import logging
import threading

import pytest
from aiohttp import web
from pydantic import SecretStr

from relay.companion.voice.base import VoiceError
from relay.companion.voice.openai import OpenAIVoice
from relay.config import CompanionSection
from relay.system import endpoint
from tests.companion.endpoints import Answer, SpeechEndpoint, serving
from tests.support import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_backoff")

KEY = "sk-very-secret"


def voice(url: str, **fields: object) -> OpenAIVoice:
    defaults: dict[str, object] = {"speech_voice": "nova", "speech_api_key": SecretStr(KEY)}
    return OpenAIVoice(CompanionSection.model_validate({"speech_url": url, **defaults, **fields}))


async def failure(answer: Answer, **fields: object) -> str:
    async with serving("/audio/speech", answer) as url:
        with pytest.raises(VoiceError) as error:
            await voice(url, **fields).speak("Hello.")
    return str(error.value)


async def test_it_asks_for_a_wav_file_of_the_sentence() -> None:
    endpoint = SpeechEndpoint()

    async with serving("/audio/speech", endpoint.answer) as url:
        wav = await voice(url).speak("Good evening.")

    assert wav.startswith(b"RIFF")
    assert endpoint.requests == [
        {"model": "tts-1", "voice": "nova", "input": "Good evening.", "response_format": "wav"}
    ]
    assert endpoint.headers == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("status", "named"), [(401, "companion.speech_api_key"), (404, "companion.speech_url"), (500, "answered 500")]
)
async def test_a_refusal_says_what_to_do_and_keeps_the_key_to_itself(
    status: int, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = SpeechEndpoint()
    endpoint.status, endpoint.failure = status, f"wrong: {KEY}"

    with caplog.at_level(logging.DEBUG):
        problem = await failure(endpoint.answer)

    assert named in problem
    assert KEY not in problem + caplog.text


async def test_what_is_no_wav_file_is_an_error() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"ID3 and so on")

    assert "sent what is no WAV file; is companion.speech_url right?" in await failure(answer)


async def test_a_sentence_without_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.companion.voice.openai.BYTES", 1_000)

    assert "no WAV file" in await failure(SpeechEndpoint().answer)


async def test_an_endpoint_that_takes_too_long_is_an_error() -> None:
    endpoint = SpeechEndpoint()
    endpoint.held["Hello."] = asyncio.Event()

    assert "longer than 0.1 s" in await failure(endpoint.answer, timeout=0.1)


async def test_nobody_there_is_an_error_that_names_the_setting() -> None:
    with pytest.raises(VoiceError, match=r"127\.0\.0\.1 cannot be reached \(check companion\.speech_url\)"):
        await voice("http://127.0.0.1:9/v1").speak("Hello.")


async def test_other_things_go_on_while_the_client_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loading, may_be_loaded = threading.Event(), threading.Event()

    def load() -> None:
        loading.set()
        assert may_be_loaded.wait(PATIENCE)

    monkeypatch.setattr(endpoint, "_IS_LOADED", threading.Event())
    monkeypatch.setattr(endpoint, "_load", load)
    async with serving("/audio/speech", SpeechEndpoint().answer) as url:
        speaking = asyncio.create_task(voice(url).speak("Hello."))
        await eventually(loading.is_set)
        may_be_loaded.set()

        assert await speaking
