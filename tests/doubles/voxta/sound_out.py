"""The sound of replies: tones that stand for speech, and the addresses they are fetched from."""

import io
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import av
import numpy as np
from aiohttp import web

from tests.doubles.voxta.switches import Sound, Switches
from tests.doubles.voxta.wire import new_id

RATE: Final = 24_000
WAV_TYPES: Final = ("audio/x-wav", "audio/wav")


class SoundOut:
    """`seconds` says how long a text takes to be spoken."""

    def __init__(self, switches: Switches, seconds: Callable[[str], float]) -> None:
        self._switches = switches
        self._seconds = seconds
        self._texts: dict[str, str] = {}
        self._fetched: set[str] = set()
        self._token = secrets.token_urlsafe(8)
        self._chunks = 0
        self.fetches: list[tuple[str, int]] = []
        """The path and the status of each fetch, in order."""

    def address(self, text: str) -> str:
        """The `audioUrl` for this text."""
        self._chunks += 1
        id = new_id()
        match self._switches.sound:
            case Sound.EMPTY:
                return ""
            case Sound.SILENCE:
                return f"silence:{round(self._seconds(text) * 1000)}"
            case Sound.PATCHY if self._chunks % 2 == 0:
                return ""
            case Sound.CACHED:
                address = f"/api/tts/cached/{id}.wav?token={self._token}"
            case _:
                address = f"/api/tts/gens/{id}"
        self._texts[id] = text
        return address

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/tts/gens/{id}", self._once), web.get("/api/tts/cached/{id}.{extension}", self._cached)]

    async def _once(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        gone = id in self._fetched
        self._fetched.add(id)
        return self._answer(request, id, 404 if gone else 200)

    async def _cached(self, request: web.Request) -> web.Response:
        trusted = request.query.get("token") == self._token
        return self._answer(request, request.match_info["id"], 200 if trusted else 401)

    def _answer(self, request: web.Request, id: str, status: int) -> web.Response:
        if id not in self._texts:
            status = 404
        elif self._switches.sound is Sound.BROKEN:
            status = 500
        self.fetches.append((request.path, status))
        if status != 200:
            return web.Response(status=status)
        wav = not self._switches.mp3_only and any(type in request.headers.get("Accept", "") for type in WAV_TYPES)
        body = tone(self._seconds(self._texts[id]), "wav" if wav else "mp3")
        return web.Response(body=body, content_type="audio/x-wav" if wav else "audio/mpeg")


@lru_cache(maxsize=32)
def tone(seconds: float, format: str) -> bytes:
    """A file with a tone, mono at 24 kHz."""
    samples = np.sin(np.arange(round(seconds * RATE)) * (2 * np.pi * 440 / RATE)) * 8_000
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream("pcm_s16le" if format == "wav" else "libmp3lame", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[np.newaxis], format="s16", layout="mono")
        frame.rate = RATE
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=RATE)
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        for packet in [packet for frame in [*frames, None] for packet in stream.encode(frame)]:
            container.mux(packet)
    return file.getvalue()
