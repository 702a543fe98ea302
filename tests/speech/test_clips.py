import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from yarl import URL

from relay.config import SpeechSection, VoxtaSection
from relay.errors import NothingToHear, SpeechError
from relay.speech import clips as module
from relay.speech.clips import OWN_VOICE, Clips
from tests.support import PATIENCE, alongside
from tests.tones import tone, wav


class Server:
    """Serves a clip, and keeps the headers it was asked with."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.cut_off = 0
        self.url = ""
        self.waits = asyncio.Event()

    async def __aenter__(self) -> "Server":
        app = web.Application()
        app.router.add_get("/audio/{name}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.asked.append(dict(request.headers))
        if self.cut_off:
            self.cut_off -= 1
            assert request.transport is not None
            request.transport.close()
        match request.match_info["name"]:
            case "never":
                await self.waits.wait()
            case "missing":
                raise web.HTTPNotFound
            case "page":
                return web.Response(text="<html>", content_type="text/html")
            case "moved":
                raise web.HTTPFound("/audio/good")
        return web.Response(body=wav(tone(440, 0.5)), content_type="audio/x-wav")


@asynccontextmanager
async def fetching(url: str, *, timeout: float = PATIENCE, key: str | None = None) -> AsyncIterator[Clips]:
    jar = aiohttp.CookieJar(unsafe=True)
    jar.update_cookies({"voxta": "here"}, URL(url))
    door = VoxtaSection(api_key=SecretStr(key) if key else None)
    clips = Clips(SpeechSection(timeout=timeout), door, url, cookies=lambda: jar)
    task = asyncio.create_task(clips.run())
    try:
        yield clips
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_clip_is_fetched_with_the_key_and_the_cookies_of_the_connection() -> None:
    async with Server() as server, fetching(server.url, key="secret") as clips:
        clip = await clips.fetch("/audio/good", "r1", " Hello there.")

    assert clip.duration == pytest.approx(0.5, abs=0.01)
    assert (clip.message_id, clip.text) == ("r1", "Hello there.")
    assert server.asked[0]["Authorization"] == "Bearer secret"
    assert server.asked[0]["Cookie"] == "voxta=here"


async def test_another_host_gets_neither_key_nor_cookies() -> None:
    async with Server() as voxta, Server() as other, fetching(voxta.url, key="secret") as clips:
        await clips.fetch(f"{other.url}/audio/good", "r1", "Hello.")

    assert not {"Authorization", "Cookie"} & other.asked[0].keys()


async def test_a_connection_that_breaks_is_tried_once_more() -> None:
    async with Server() as server, fetching(server.url) as clips:
        server.cut_off = 1

        assert (await clips.fetch("/audio/good", "r1", "Hello.")).duration > 0


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("/audio/missing", "404"),
        ("/audio/page", "no audio"),
        ("/audio/moved", "302"),
        ("http://[/", "cannot be had"),
        ("ftp://127.0.0.1/a", "cannot be had"),
    ],
)
async def test_what_is_no_clip_is_refused_with_the_reason(name: str, complaint: str) -> None:
    async with Server() as server, fetching(server.url) as clips:
        with pytest.raises(SpeechError, match=complaint):
            await clips.fetch(name, "r1", "Hello.")


async def test_a_clip_that_does_not_come_in_time_is_given_up() -> None:
    async with Server() as server, fetching(server.url, timeout=0.2) as clips:
        with pytest.raises(SpeechError, match=r"within 0\.2 s"):
            await clips.fetch("/audio/never", "r1", "Hello.")
        server.waits.set()


async def test_a_voxta_that_is_gone_costs_the_sentence_and_no_more() -> None:
    async with fetching("http://127.0.0.1:9") as clips:
        with pytest.raises(SpeechError, match="cannot be had"):
            await clips.fetch("/audio/good", "r1", "Hello.")


async def test_a_clip_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    async with Server() as server, fetching(server.url) as clips:
        with pytest.raises(SpeechError, match="longer than 1000 bytes"):
            await clips.fetch("/audio/good", "r1", "Hello.")


async def test_our_own_voice_is_given_the_text_as_it_is_shown() -> None:
    said: list[str] = []

    async def voice(text: str) -> bytes:
        said.append(text)
        return wav(tone(440, 0.5)) if "Hi" in text else b""

    clips = Clips(SpeechSection(), VoxtaSection(), "http://localhost", voice=voice)

    assert (await clips.fetch(OWN_VOICE, "r1", " Hi xX_Ann_Xx! ")).text == "Hi xX_Ann_Xx!"
    with pytest.raises(NothingToHear):
        await clips.fetch(OWN_VOICE, "r1", "\U0001f389")
    assert said == [" Hi xX_Ann_Xx! ", "\U0001f389"]


async def test_it_can_be_run_again() -> None:
    async with Server() as server:
        clips = Clips(SpeechSection(), VoxtaSection(), server.url)
        for _ in range(2):
            async with alongside(clips.run()):
                assert (await clips.fetch("/audio/good", "r1", "Hello.")).duration > 0
