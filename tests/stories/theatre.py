"""The relay in a story: what the audience writes and reads, what is heard, and who talks."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import numpy as np

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.serving import serving
from relay.hearing.one_stream import BLOCK_BYTES, OneStream
from relay.model import Kind, Talker
from relay.speech.base import Clip, Sink
from relay.speech.voice import Voice
from tests.doubles.faults import FaultyProxy
from tests.end_to_end.stage import RecordingPlatform, message, relaying, settings
from tests.speech.fakes import ManualSink
from tests.stories.backstage import Backstage
from tests.support import PATIENCE, eventually

LOUD: Final = (np.resize([8_000, -8_000], BLOCK_BYTES // 2)).astype("<i2").tobytes()
ANN: Final = "voice:1"


class Speaker(ManualSink):
    """Plays at once what it is given, unless it is held."""

    def __init__(self) -> None:
        super().__init__()
        self.is_held = False
        self.played: list[str] = []

    def play(self, clip: Clip) -> None:
        super().play(clip)
        self.played.append(clip.text)
        if not self.is_held:
            asyncio.get_running_loop().call_soon(self.advance, clip.duration)


class Microphone(OneStream):
    """What Ann says in the voice channel, in blocks."""

    @property
    def is_open(self) -> bool:
        return self._is_wanted

    def say(self, blocks: int) -> None:
        self.speech_began(ANN)
        self.speech(ANN, LOUD * blocks)
        self.turn_ended(ANN)


class StoryBooth(LiveAudio):
    def __init__(self, *settings: Any) -> None:
        super().__init__(*settings)
        self.speaker = Speaker()
        self.microphone = Microphone()

    @property
    def hearing(self) -> OneStream | None:
        return self.microphone

    def open(self, voice: Voice) -> Sequence[Sink]:
        return [self.speaker]

    def talker(self, speaker: str) -> Talker:
        return Talker(name="Ann", id="1") if speaker == ANN else super().talker(speaker)


class Theatre:
    """A relay that has joined its chat."""

    def __init__(self, relay: Relay, backstage: Backstage, proxy: FaultyProxy, audio: StoryBooth, web: str) -> None:
        self.relay = relay
        self.backstage = backstage
        self.proxy = proxy
        self.speaker = audio.speaker
        self.microphone = audio.microphone
        self.web = web
        self.platform: RecordingPlatform
        self._numbers = itertools.count(1)

    async def writes(self, text: str, kind: Kind = Kind.CHAT) -> None:
        """Somebody in the audience writes, or does, something."""
        number = next(self._numbers)
        await self.relay.receive(message(number, text, kind=kind, author=f"viewer{number}"))

    async def asks(self, text: str) -> None:
        """Somebody writes, and it is dealt with."""
        await self.writes(text)
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing is under way, here and in Voxta."""
        async with asyncio.timeout(PATIENCE):
            await self.relay.quiet(empty=True)
        await self.backstage.over()

    async def posted(self, text: str) -> None:
        """Wait until something with this text was posted."""
        await eventually(lambda: any(text in post for post in self.posts()))

    def posts(self) -> list[str]:
        return [post.text for post in self.platform.posts]

    def count(self, text: str) -> int:
        """How many messages of the chat have this text in them."""
        return sum(text in each for each in self.backstage.texts())

    def talks(self) -> None:
        """Ann talks in the voice channel."""
        self.relay.voice.speaks(ANN)

    def stops(self) -> None:
        self.relay.voice.stopped(ANN)

    def is_joined(self) -> bool:
        return self.relay.session.chat is not None

    def is_free(self) -> bool:
        return self.relay.floor.is_free(time.monotonic())


@asynccontextmanager
async def theatre(folder: Path, backstage: Backstage) -> AsyncIterator[Theatre]:
    config = settings(
        folder,
        voxta={"mode": "server", "timeout": 5.0} | backstage.voxta,
        speech={"enabled": True, "sinks": ["overlay"]},
        floor={"min_speech": 0.02, "silence": 0.02, "after": "nothing"},
        scenario={"allow": ["post"]},
        web={"port": 0},
    )
    audio, platform = StoryBooth(config), RecordingPlatform("twitch")
    async with (
        FaultyProxy(int(backstage.url.rpartition(":")[2])) as proxy,
        relaying(config, proxy.url, lambda *_: [platform], audio=audio) as (relay, _),
        serving(config, relay, audio) as server,
    ):
        stage = Theatre(relay, backstage, proxy, audio, server.url)
        stage.platform = platform
        yield stage


@asynccontextmanager
async def caller(web: str) -> AsyncIterator[tuple[aiohttp.ClientSession, list[dict[str, Any]]]]:
    """A client of the relay's gateway API, and the events it is told."""
    events: list[dict[str, Any]] = []

    async def read(socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            events.append(frame.json())

    async with aiohttp.ClientSession(web) as http, http.ws_connect("/ws") as socket:
        await socket.send_json({"type": "subscribe", "client_id": "story", "events": ["all"]})
        reading = asyncio.create_task(read(socket))
        await eventually(lambda: bool(events))
        try:
            yield http, events
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
