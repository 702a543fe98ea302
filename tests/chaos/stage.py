"""A relay that works while its surroundings fail: a crowd that never stops, Voxta and the store behind proxies."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from relay.application.composition import Relay
from relay.application.statistics import Statistics
from relay.companion.serving.server import CompanionServer
from relay.companion.state.chat import MessageRole
from relay.config import CompanionSection, VoxtaSection
from relay.config.loading import Config
from relay.errors import InboxError
from relay.model import Forward, Kind
from relay.platforms.base import Receive
from relay.system import clock
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, redis_server
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import eventually

Engine = Literal["sqlite", "redis"]
EVERY: Final = 0.15
"""Seconds between two messages of the crowd: as many as are told again soon after a while in which none could be."""
AGAIN: Final = 0.2
"""Seconds after which what the store did not take is given to it again, as platforms do."""
PASSWORD: Final = "the-first-password"
"""Of Redis."""
WORDS: Final = [a + b for a in ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki") for b in ("lam", "met", "nor", "pus")]
LINE: Final = re.compile(r"line-\d+")


class Surroundings:
    """What can fail, and what is known of the messages."""

    def __init__(self, relay: Relay, statistics: Statistics, companion: CompanionServer, voxta: FaultyProxy) -> None:
        self.relay = relay
        self.statistics = statistics
        self.voxta = voxta
        self.store: FaultyProxy
        """On the way to Redis."""
        self.redis: RedisServer
        self.accepted: list[str] = []
        """The texts that the store has taken in."""
        self.written = 0
        """The number of the last line that somebody began to write."""
        self._newest = 0
        self._companion = companion
        relay.events.forwarded.subscribe(self._told)

    def in_chat(self) -> Counter[str]:
        """How often each text stands in the chat."""
        return told_in(self._companion)

    async def recovers(self, within: float) -> float:
        """Seconds until a line that is written from now on has been told; `within`, when there is none by then."""
        before, began = self.written, time.monotonic()
        with suppress(TimeoutError):
            await eventually(lambda: self._newest > before, seconds=within)
        return time.monotonic() - began

    def _told(self, forward: Forward) -> None:
        self._newest = max(self._newest, *(int(line.partition("-")[2]) for line in LINE.findall(forward.body)), 0)


def told_in(companion: CompanionServer) -> Counter[str]:
    """How often each text of the crowd stands in the chats."""
    chats = [conversation.chat for conversation in companion._hub.open.values()]
    told = (said.text for chat in chats for said in chat.messages if said.role is MessageRole.USER)
    return Counter(line for text in told for line in LINE.findall(text))


@asynccontextmanager
async def voxta() -> AsyncIterator[tuple[CompanionServer, FaultyProxy]]:
    """A companion that answers at once, and the faulty way to it."""
    async with AsyncExitStack() as stack:
        own = CompanionSection(port=0, pace=0)
        companion = await stack.enter_async_context(CompanionServer(own, brain=EchoBrain()))
        yield companion, await stack.enter_async_context(FaultyProxy(int(companion.url.rpartition(":")[2])))


def chosen(folder: Path, inbox: dict[str, object], **sections: object) -> Config:
    """Settings that differ from those that come with the relay only in what they hold back.

    How soon things work again hangs on how long the relay waits for an answer, so that is as it comes.
    """
    return settings(folder, inbox=inbox, voxta=VoxtaSection(mode="server"), **sections)


@asynccontextmanager
async def surrounded(engine: Engine, folder: Path) -> AsyncIterator[Surroundings]:
    """A relay at work for as long as the context lasts."""
    async with AsyncExitStack() as stack:
        companion, way = await stack.enter_async_context(voxta())
        inbox: dict[str, object] = {"engine": engine}
        server = store = None
        if engine == "redis":
            server = stack.enter_context(redis_server(PASSWORD, tcp=True))
            store = await stack.enter_async_context(FaultyProxy(server.port))
            inbox["url"] = f"redis://:{PASSWORD}@127.0.0.1:{store.port}/0"
        config, platform = chosen(folder, inbox), RecordingPlatform("twitch")
        relay, statistics = await stack.enter_async_context(relaying(config, way.url, lambda *_: [platform]))
        surroundings = Surroundings(relay, statistics, companion, way)
        if server is not None and store is not None:
            surroundings.redis, surroundings.store = server, store
        yield surroundings


async def crowd(around: Surroundings) -> None:
    """Write until cancelled; what the store does not take is written again."""
    number = 0
    while True:
        number += 1
        around.written = number
        await say(around.relay.receive, number)
        around.accepted.append(f"line-{number}")
        await asyncio.sleep(EVERY)


def words(number: int) -> str:
    """The line of that number, unlike all others, as what is alike would be told once for many."""
    return f"line-{number} {' '.join(random.Random(number).sample(WORDS, 6))}"


async def say(receive: Receive, number: int) -> None:
    """Give the line of that number to the relay until it has taken it."""
    kind, line = (Kind.FOLLOW if number % 3 else Kind.CHAT), f"line-{number}"
    said = message(number, kind=kind, author=line, text=words(number), at=clock.now())
    while True:
        try:
            return await receive(said)
        except InboxError:
            await asyncio.sleep(AGAIN)
