"""What listens over one subscription of a process."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relay.bus.connection import RedisConnection
from relay.bus.pubsub import PubSub
from tests.bus.conftest import Process
from tests.doubles.redis_server import RedisServer
from tests.support import PATIENCE, alongside, eventually


class Server:
    """Says what a test has it say, as a real one is silent by the clock alone; also each subscription to it."""

    def __init__(self) -> None:
        self.said = asyncio.Queue[dict[str, Any] | None]()
        self.pinged = asyncio.Queue[None]()
        self.answers = True

    def says(self, kind: str, channel: str = "", data: bytes = b"") -> None:
        self.said.put_nowait({"type": kind, "channel": channel.encode(), "data": data})

    async def is_silent(self) -> None:
        """For as long as anybody waits for a word."""
        self.said.put_nowait(None)
        await self.pinged.get()

    async def subscribe(self, *channels: str) -> None:
        for each in channels:
            self.says("subscribe", each)

    async def unsubscribe(self, *channels: str) -> None:
        pass

    async def get_message(self, timeout: float) -> dict[str, Any] | None:
        return await self.said.get()

    async def ping(self) -> None:
        self.pinged.put_nowait(None)
        if self.answers:
            self.says("pong")

    async def aclose(self) -> None:
        pass


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def pubsub(server: Server) -> AsyncIterator[PubSub]:
    pubsub = PubSub(cast(RedisConnection, SimpleNamespace(client=SimpleNamespace(pubsub=lambda: server))))
    async with asyncio.timeout(PATIENCE), alongside(pubsub.run()):
        yield pubsub


async def test_who_comes_is_told_from_when_on_and_who_stays_nothing_of_that(
    processes: tuple[Process, Process], redis_server: RedisServer, namespace: str
) -> None:
    here, there = (process.pubsub for process in processes)
    one, another = f"{namespace}:one", f"{namespace}:another"
    stays, comes = asyncio.Queue[bytes | None](), asyncio.Queue[bytes | None]()
    async with asyncio.timeout(PATIENCE):
        with redis_server.admin as admin, here.heard_by(one, stays.put_nowait):
            assert await stays.get() is None
            for _ in range(2):
                with here.heard_by(another, comes.put_nowait):
                    assert await comes.get() is None
                await eventually(lambda: admin.pubsub_numsub(another) == [(another, 0)])
            await there.tell(another, b"too late")
            await there.tell(one, b"news")

            assert await stays.get() == b"news"
    assert comes.empty()


async def test_a_server_is_asked_for_a_word_in_silence_and_dialled_anew_when_it_says_none(
    server: Server, pubsub: PubSub
) -> None:
    heard = asyncio.Queue[bytes | None]()
    server.said.put_nowait(None)  # it takes its time
    with pubsub.heard_by("news", heard.put_nowait):
        assert await heard.get() is None
        await server.pinged.get()
        for _ in range(2):
            await server.is_silent()
        server.says("message", "news", b"it lives")
        assert await heard.get() == b"it lives"

        server.answers = False
        await server.is_silent()
        server.said.put_nowait(None)

        assert await heard.get() is None  # some may have been missed
