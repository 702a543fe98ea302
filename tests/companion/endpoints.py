"""Local servers that speak OpenAI's speech and transcription protocols, for better or worse."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(path: str, answer: Answer, method: str = "POST") -> AsyncIterator[str]:
    """The base address of a server that answers requests to one path."""
    app = web.Application(client_max_size=2**24)
    app.router.add_route(method, f"/v1{path}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


def wav(seconds: float, rate: int = 8_000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(b"\1\2" * round(seconds * rate))
    return file.getvalue()


class SpeechEndpoint:
    """Says every text in `seconds`; those in `held` only when their event is set."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.headers: list[str | None] = []
        self.seconds = 0.1
        self.held: dict[str, asyncio.Event] = {}
        self.status = 200
        self.failure = "out of order"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(request.headers.get("Authorization"))
        if body["input"] in self.held:
            await self.held[body["input"]].wait()
        if self.status != 200:
            return web.json_response({"error": {"message": self.failure}}, status=self.status)
        return web.Response(body=wav(self.seconds), content_type="audio/wav")


class TranscriptionEndpoint:
    """Understands `texts`, one after the other, whatever is said; waits for `go`. Keeps what it was given."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.forms: list[dict[str, str]] = []
        self.heard: list[tuple[int, bytes]] = []
        """Samples a second, and the samples."""
        self.go = asyncio.Event()
        self.go.set()
        self.status = 200

    async def answer(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        self.forms.append({name: value for name, value in form.items() if isinstance(value, str)})
        sound = form["file"]
        assert isinstance(sound, web.FileField)
        with wave.open(sound.file, "rb") as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            self.heard.append((file.getframerate(), file.readframes(file.getnframes())))
        await self.go.wait()
        if self.status != 200:
            return web.json_response({"error": "no such model"}, status=self.status)
        return web.json_response({"text": self.texts.pop(0) if self.texts else ""})
