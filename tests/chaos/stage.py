"""A relay that works while its surroundings fail: a crowd that never stops, Voxta and the store behind proxies."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from relay import clock
from relay.app import Relay
from relay.companion.chat import Role
from relay.companion.server import CompanionServer
from relay.errors import InboxError
from relay.journal import Journal
from relay.model import Kind, Outcome
from relay.settings import CompanionSection, VoxtaSection
from tests.doubles.faults import FaultyProxy
from tests.doubles.redis_server import RedisServer, redis_server
from tests.end_to_end.stage import EchoBrain, RecordingPlatform, message, relaying, settings
from tests.support import eventually

Engine = Literal["sqlite", "redis"]
EVERY: Final = 0.05
"""Seconds between two messages of the crowd."""
AGAIN: Final = 0.2
"""Seconds after which what the store did not take is given to it again, as platforms do."""
PASSWORD: Final = "the-first-password"
"""Of Redis."""
_LINE: Final = re.compile(r"line-\d+")


class Surroundings:
    """What can fail, and what is known of the messages."""

    def __init__(self, relay: Relay, journal: Journal, companion: CompanionServer, voxta: FaultyProxy) -> None:
        self.relay = relay
        self.journal = journal
        self.voxta = voxta
        self.store: FaultyProxy
        """On the way to Redis."""
        self.redis: RedisServer
        self.accepted: list[str] = []
        """The texts that the store has taken in."""
        self._companion = companion

    @property
    def forwarded(self) -> int:
        """Messages Voxta has taken, as far as the relay knows."""
        return self.journal.outcomes[Outcome.FORWARDED]

    def told(self) -> Counter[str]:
        """How often each text stands in the chat."""
        chats = [conversation.chat for conversation in self._companion._hub.open.values()]
        told = (said.text for chat in chats for said in chat.messages if said.role is Role.USER)
        texts = (found[0] for text in told if (found := _LINE.search(text)))
        return Counter(texts)

    async def recovers(self, within: float) -> float:
        """Seconds until the next message has been told; `within`, when there is none by then."""
        before, began = self.forwarded, time.monotonic()
        with suppress(TimeoutError):
            await eventually(lambda: self.forwarded > before, seconds=within)
        return time.monotonic() - began


@asynccontextmanager
async def surrounded(engine: Engine, folder: Path) -> AsyncIterator[Surroundings]:
    """A relay at work for as long as the context lasts."""
    async with AsyncExitStack() as stack:
        own = CompanionSection(port=0, pace=0)
        companion = await stack.enter_async_context(CompanionServer(own, brain=EchoBrain()))
        voxta = await stack.enter_async_context(FaultyProxy(int(companion.url.rpartition(":")[2])))
        inbox: dict[str, object] = {"engine": engine}
        server = store = None
        if engine == "redis":
            server = stack.enter_context(redis_server(PASSWORD, tcp=True))
            store = await stack.enter_async_context(FaultyProxy(server.port))
            inbox["url"] = f"redis://:{PASSWORD}@127.0.0.1:{store.port}/0"
        # as it comes: how soon things work again hangs on how long the relay waits for an answer
        config = settings(folder, inbox=inbox, voxta=VoxtaSection(mode="server"))
        relay, journal = await stack.enter_async_context(
            relaying(config, voxta.url, lambda receive, controls, notes: [RecordingPlatform("twitch")])
        )
        surroundings = Surroundings(relay, journal, companion, voxta)
        if server is not None and store is not None:
            surroundings.redis, surroundings.store = server, store
        yield surroundings


async def crowd(around: Surroundings) -> None:
    """Write until cancelled; what the store does not take is written again."""
    number = 0
    while True:
        number += 1
        kind = Kind.FOLLOW if number % 3 else Kind.CHAT
        said = message(number, kind=kind, author=f"line-{number}", text=f"line-{number}", at=clock.now())
        while True:
            try:
                await around.relay.receive(said)
                break
            except InboxError:
                await asyncio.sleep(AGAIN)
        around.accepted.append(f"line-{number}")
        await asyncio.sleep(EVERY)
