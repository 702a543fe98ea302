"""The whole relay in one process, with time that runs faster: companion, speech, people who talk, and a caller."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import aiohttp
from aiohttp import web
from redis.asyncio import Redis

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.running import running
from relay.application.serving import serving as serving_web
from relay.companion.serving.server import CompanionServer
from relay.config import BudgetSection, CompanionSection, SelectionSection
from relay.config.loading import Config
from relay.hearing.one_stream import OneStream
from relay.model import Post, Talker
from relay.platforms.simulated import QuietPlatform
from relay.speech.base import Sink
from relay.speech.voice import Voice
from tests.companion.endpoints import serving, wav
from tests.companion.hearing.sound import BY_LEVEL
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import redis_server
from tests.end_to_end.stage import settings
from tests.soak.day import HELD
from tests.soak.ledger import Ledger
from tests.soak.loudspeaker import Loudspeaker
from tests.stories.theatre import Microphone
from tests.support import alongside, eventually

Engine = Literal["sqlite", "redis"]
ANN: Final = "voice:1"
NAME: Final = "soak"
AUDIT_SIZE: Final = 20_000
AUDIT_FILES: Final = 3
PAUSE: Final = 9.0
"""Seconds between two things that are said aloud."""
REMEMBERED: Final = 1 / 25
"""Share of the run's messages that the store remembers at most, so that what it takes depends on no machine's pace."""
LEAST_COUNT: Final = 1_000
"""What the setting takes at least."""
CHAT_MESSAGES: Final = 300
_CLIP: Final = wav(0.4)


class LoudBooth(LiveAudio):
    """The companion is heard from the loudspeaker, and Ann talks in between."""

    def __init__(self, config: Config, speed: float) -> None:
        super().__init__(config)
        self.loudspeaker = Loudspeaker(speed)
        self.microphone = Microphone()

    @property
    def hearing(self) -> OneStream | None:
        return self.microphone

    def open(self, voice: Voice) -> Sequence[Sink]:
        return [self.loudspeaker]

    def talker(self, speaker: str) -> Talker:
        return Talker(name="Ann", id="1") if speaker == ANN else super().talker(speaker)


class CountingPlatform(QuietPlatform):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.posts = 0

    async def post(self, post: Post) -> None:
        await asyncio.sleep(0)
        self.posts += 1


@dataclass
class Room:
    """A relay at work, and all that can be looked at."""

    relay: Relay
    ledger: Ledger
    audio: LoudBooth
    voxta: FaultyProxy
    platforms: Sequence[CountingPlatform]
    folder: Path
    redis: Redis | None
    work: asyncio.Task[None]
    """The relay's; it fails when the relay does."""

    async def speak(self) -> None:
        """Ann says something aloud, now and then, until cancelled."""
        while True:
            await asyncio.sleep(PAUSE)
            self.relay.voice.speaks(ANN)
            self.audio.microphone.say(20)
            await asyncio.sleep(1.0)
            self.relay.voice.stopped(ANN)

    async def store_bytes(self) -> int:
        """What the inbox takes: on disk, or of Redis' memory."""
        if self.redis is None:
            return _size(self.folder, f"{NAME}.db*")
        memory: dict[str, Any] = await self.redis.info("memory")
        return int(memory["used_memory"])

    def audit_bytes(self) -> int:
        return _size(self.folder, "*audit*")

    def chat_bytes(self) -> int:
        return _size(self.folder, "chats.db*")

    def chat_rows(self) -> int:
        """Messages that the companion keeps, of all chats."""
        with closing(sqlite3.connect(f"file:{self.folder / 'chats.db'}?mode=ro", uri=True)) as chats:
            return int(chats.execute("SELECT count(*) FROM messages").fetchone()[0])


def _size(folder: Path, pattern: str) -> int:
    return sum(file.stat().st_size for file in folder.glob(pattern))


def _config(folder: Path, keep: float, count: int, speed: float, redis_url: str | None) -> Config:
    """The defaults with all times that concern the audience divided by `speed`, and small files.

    The store remembers what ended for `keep` seconds, and `count` messages at most.
    """
    usual = SelectionSection()
    paced = {name: getattr(usual, name) / speed for name in ("gap", "rest", "patience")}
    paced |= {
        name: max(1.0, getattr(usual, name) / speed) for name in ("chat_ttl", "quiet_ttl", "addressed_ttl", "event_ttl")
    }
    return settings(
        folder,
        relay={"name": NAME, "data_dir": str(folder), "audit_size": AUDIT_SIZE, "audit_files": AUDIT_FILES},
        inbox={"keep": keep, "max_count": count} | ({"engine": "redis", "url": redis_url} if redis_url else {}),
        budget={"rates": {name: rate * speed for name, rate in BudgetSection().rates.items()}},
        selection={"seed": 0, "loud_per_minute": usual.loud_per_minute * speed} | paced,
        filters={"blocked_terms": [HELD], "blocked_terms_are": "hold", "hold_for": 5.0, "repeat_within": 5.0},
        speech={"enabled": True, "sinks": ["overlay"]},
        floor={"min_speech": 0.05, "silence": 0.1},
        web={"port": 0},
    )


async def _speak(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=_CLIP, content_type="audio/wav")


async def _understand(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"text": "What do you think of that?"})


async def _listen(url: str) -> None:
    """A caller of the relay's API who is told everything."""
    async with aiohttp.ClientSession(url) as http, http.ws_connect("/ws") as socket:
        await socket.send_json({"type": "subscribe", "client_id": "soak", "events": ["all"]})
        async for _ in socket:
            pass


@asynccontextmanager
async def opened(engine: Engine, folder: Path, *, messages: int, keep: float, speed: float) -> AsyncIterator[Room]:
    """A relay at work for as long as the context lasts; `messages` is how many there will be."""
    async with AsyncExitStack() as stack:
        redis_url = stack.enter_context(redis_server()).url if engine == "redis" else None
        redis = await stack.enter_async_context(Redis.from_url(redis_url)) if redis_url else None
        voice = await stack.enter_async_context(serving("/audio/speech", _speak))
        ears = await stack.enter_async_context(serving("/audio/transcriptions", _understand))
        own = CompanionSection(
            port=0,
            pace=0.0,
            database=folder / "chats.db",
            chat_messages=CHAT_MESSAGES,
            speech_kept=1.0,
            speech="openai",
            speech_url=voice,
            hearing="openai",
            hearing_url=ears,
        )
        companion = await stack.enter_async_context(CompanionServer(own, hearing=BY_LEVEL))
        proxy = await stack.enter_async_context(FaultyProxy(int(companion.url.rpartition(":")[2])))
        config = _config(folder, keep, max(LEAST_COUNT, round(messages * REMEMBERED)), speed, redis_url)
        audio, ledger = LoudBooth(config, speed), Ledger(messages)
        platforms = [CountingPlatform(name) for name in ("twitch", "discord")]
        relay = Relay(config, lambda *_: platforms, voxta_url=proxy.url, statistics=ledger, audio=audio)
        relay.events.forwarded.subscribe(ledger.told)
        server = await stack.enter_async_context(serving_web(config, relay, audio))
        work = await stack.enter_async_context(running(relay))
        room = Room(relay, ledger, audio, proxy, platforms, folder, redis, work)
        await eventually(lambda: relay.session.chat is not None or work.done())
        if work.done():
            work.result()
        async with alongside(_listen(server.url)):
            yield room
        if work.done():
            work.result()
