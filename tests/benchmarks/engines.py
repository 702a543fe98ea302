"""Recognition, a model and a voice, in this process or at OpenAI-compatible addresses, which note when each was asked
and answered."""

import asyncio
import json
import time
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from relay.companion.brains.base import ChatView
from relay.companion.voice.espeak import Espeak
from relay.errors import RelayError
from relay.hearing.base import HEARING_RATE, Recognition
from tests.companion.raw import Brains

ANSWER: Final = "Yes, I hear you."


@dataclass
class Engines:
    """What they were asked in one turn. Times are `time.perf_counter()`."""

    delay: float = 0.0
    """Seconds that each takes before anything of its answer comes."""
    question: str = ""
    """What is asked in this turn, for engines that know at once what was said."""
    url: str = ""
    at: dict[str, float] = field(default_factory=dict)
    """When each step was first seen in this turn."""
    turns: int = 0
    """Turns that were to be understood."""
    _clips: dict[str, bytes] = field(default_factory=dict)

    def mark(self, step: str) -> None:
        self.at.setdefault(step, time.perf_counter())

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        self.turns += 1
        self.mark("ended")
        sound = (await request.post())["file"]
        assert isinstance(sound, web.FileField)
        with wave.open(sound.file, "rb") as file:
            assert file.getframerate() == HEARING_RATE
        await asyncio.sleep(self.delay)
        self.mark("text")
        return web.json_response({"text": self.question})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.mark("asked")
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.sleep(self.delay)
        self.mark("first_token")
        for word in ANSWER.split(" "):
            delta = {"choices": [{"delta": {"content": f"{word} "}}]}
            await response.write(f"data: {json.dumps(delta)}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        text = (await request.json())["input"]
        await asyncio.sleep(self.delay)
        if text not in self._clips:
            self._clips[text] = await Espeak("").speak(text)
        return web.Response(body=self._clips[text], content_type="audio/wav")

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=2**24)
        calls: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
            "/audio/transcriptions": self._transcribe,
            "/chat/completions": self._complete,
            "/audio/speech": self._speak,
        }
        for path, answer in calls.items():
            app.router.add_post(f"/v1{path}", answer)
        return app

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Engines"]:
        runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        try:
            yield self
        finally:
            await runner.cleanup()


class InstantBrain(Brains):
    """Answers the same at once."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    async def reply(self, view: ChatView) -> AsyncGenerator[str, None]:
        self._engines.mark("asked")
        self._engines.mark("first_token")
        yield ANSWER


class InstantRecogniser:
    """Knows the words as they are said."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def begin(self, language: str = "") -> Recognition:
        return _InstantTurn(self._engines)

    async def check(self) -> str:
        return "here"


class _InstantTurn:
    text = ""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def feed(self, pcm: bytes) -> None:
        self.text = self._engines.question

    async def finish(self) -> str:
        self._engines.turns += 1
        self._engines.mark("ended")
        self._engines.mark("text")
        return self.text

    def abandon(self) -> None: ...


def sphinx_decoder(**options: Any) -> Any:
    """Raises RelayError where it is not installed: not every Python has it without a compiler."""
    try:
        from pocketsphinx import Decoder
    except ModuleNotFoundError:
        raise RelayError("pocketsphinx is not installed: run `uv sync --inexact --group bench`") from None
    return Decoder(**options)


class PocketSphinx:
    """The small English recogniser whose model is in its package, which listens while people speak."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._thread = ThreadPoolExecutor(1, "pocketsphinx")
        self._decoder = sphinx_decoder(samprate=HEARING_RATE)

    def begin(self, language: str = "") -> Recognition:
        return _SphinxTurn(self._engines, self._thread, self._decoder)

    async def check(self) -> str:
        return "here"


class _SphinxTurn:
    text = ""

    def __init__(self, engines: Engines, thread: ThreadPoolExecutor, decoder: Any) -> None:
        self._engines = engines
        self._thread = thread
        self._decoder = decoder
        thread.submit(decoder.start_utt)

    def feed(self, pcm: bytes) -> None:
        self._thread.submit(self._hear, pcm)

    def _hear(self, pcm: bytes) -> None:
        self._decoder.process_raw(pcm)
        self._note()

    def _note(self) -> None:
        found = self._decoder.hyp()
        self.text = str(found.hypstr) if found is not None else ""

    async def finish(self) -> str:
        self._engines.turns += 1
        self._engines.mark("ended")
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._engines.mark("text")
        return self.text or "hello"  # what it understands does not matter here, only that it does

    def _end(self) -> None:
        self._decoder.end_utt()
        self._note()

    def abandon(self) -> None:
        self._thread.submit(self._decoder.end_utt)
