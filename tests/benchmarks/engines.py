"""Recognition, a model and a voice at OpenAI-compatible addresses, which note when each was asked and answered."""

import asyncio
import json
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from relay.companion.voice.espeak import Espeak

ANSWER: Final = "Yes, I hear you."

Understand = Callable[[bytes], str]
"""Turns mono samples at 16 kHz into text; called in a thread."""


@dataclass
class Engines:
    """What they were asked in one turn. Times are `time.perf_counter()`."""

    delay: float = 0.0
    """Seconds that each takes before anything of its answer comes."""
    understand: Understand | None = None
    """None for one that knows at once what was said."""
    url: str = ""
    at: dict[str, float] = field(default_factory=dict)
    """When each step was first seen in this turn."""
    turns: int = 0
    """Turns that were to be understood."""
    heard: list[str] = field(default_factory=list)
    """All texts that were understood."""
    _clips: dict[str, bytes] = field(default_factory=dict)

    def mark(self, step: str) -> None:
        self.at.setdefault(step, time.perf_counter())

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        self.turns += 1
        self.mark("ended")
        sound = (await request.post())["file"]
        assert isinstance(sound, web.FileField)
        with wave.open(sound.file, "rb") as file:
            pcm = file.readframes(file.getnframes())
        await asyncio.sleep(self.delay)
        text = await asyncio.to_thread(self.understand, pcm) if self.understand else "Which dragon lives here?"
        self.heard.append(text)
        self.mark("text")
        return web.json_response({"text": text})

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


def pocketsphinx() -> Understand:
    """The small English recogniser whose model is in its package."""
    from pocketsphinx import Decoder  # type: ignore[import-untyped]

    decoder = Decoder(samprate=16_000)

    def understand(pcm: bytes) -> str:
        decoder.start_utt()
        decoder.process_raw(pcm, full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return str(found.hypstr) if found is not None else ""

    return understand
