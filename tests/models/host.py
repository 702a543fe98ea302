"""Whoever publishes a model: an HTTP server with one file, and ways to be difficult."""

import asyncio
import bz2
import io
import random
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from aiohttp import web

from relay.models.base import Model, ModelFile, Purpose

TOKENS = b"a 0\nb 1\n"
WEIGHTS = random.Random(1).randbytes(4_000) + bytes(1_020_000)
"""A megabyte, of which an archive is small and soon made."""


def archive(members: dict[str, bytes | tarfile.TarInfo], folder: str = "model-2026") -> bytes:
    """An archive with these files in its one folder; a `TarInfo` is put in as it is."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                tar.addfile(content)
            else:
                member = tarfile.TarInfo(f"{folder}/{name}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return bz2.compress(plain.getvalue())


WHOLE = archive({"tokens.txt": TOKENS, "model.onnx": WEIGHTS, "test_wavs/0.wav": b"RIFF"})


class Publisher:
    """Serves `/model.tar.bz2`, and a redirect to it."""

    def __init__(self, body: bytes = WHOLE) -> None:
        self.body = body
        self.etag: str | None = '"one"'
        self.knows_ranges = True
        self.breaks_after: list[int] = []
        """After how many bytes the next answers end before their time."""
        self.hangs_after: int | None = None
        self.status: list[int] = []
        """What the next answers are instead."""
        self.content_type = "application/octet-stream"
        self.asked: list[str] = []
        """The `Range` of each request, "" for the whole."""
        self.hung = asyncio.Event()
        self.url = ""

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        if self.status:
            return web.Response(status=self.status.pop(0))
        start = self._start(wanted, request.headers.get("If-Range"))
        if start >= len(self.body):
            return web.Response(status=416)
        answer = web.StreamResponse(status=206 if start else 200)
        answer.content_type = self.content_type
        answer.content_length = len(self.body) - start
        if self.etag is not None:
            answer.headers["ETag"] = self.etag
        if start:
            answer.headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        await answer.prepare(request)
        await self._send(request, answer, self.body[start:])
        return answer

    def _start(self, wanted: str, if_range: str | None) -> int:
        if not (wanted and self.knows_ranges) or (if_range is not None and if_range != self.etag):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    async def _send(self, request: web.Request, answer: web.StreamResponse, body: bytes) -> None:
        if self.hangs_after is not None:
            await answer.write(body[: self.hangs_after])
            self.hung.set()
            await asyncio.Event().wait()
        if self.breaks_after:
            await answer.write(body[: self.breaks_after.pop(0)])
            assert request.transport is not None
            request.transport.close()
            return
        await answer.write(body)

    async def _lead(self, request: web.Request) -> web.Response:
        raise web.HTTPFound("/model.tar.bz2")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Publisher"]:
        app = web.Application()
        app.router.add_get("/model.tar.bz2", self._serve)
        app.router.add_get("/plain.bin", self._serve)
        app.router.add_get("/led/model.tar.bz2", self._lead)
        runner = web.AppRunner(app, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    def model(self, path: str = "/model.tar.bz2", *, is_pinned: bool = True, unpacked: int = 1_100_000) -> Model:
        """As a catalogue would have it."""
        digest = sha256(self.body).hexdigest() if is_pinned else ""
        file = ModelFile(self.url + path, len(self.body), digest)
        return Model("tiny-en", Purpose.RECOGNISER, "tiny", ("en",), "MIT", "https://example.org", (file,), unpacked)
