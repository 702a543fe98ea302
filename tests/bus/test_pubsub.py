"""What listens over one subscription, to a server that says what a test has it say."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from relay.bus.connection import RedisConnection
from relay.bus.pubsub import PubSub
from tests.support import PATIENCE, alongside


class Server:
    """It is also each of the library's subscriptions to it."""

    def __init__(self) -> None:
        self.said = asyncio.Queue[dict[str, Any] | None]()
        self.left = asyncio.Queue[str]()
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
        for each in channels:
            self.left.put_nowait(each)

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


async def test_who_comes_is_told_from_when_on_and_who_stays_nothing_of_that(server: Server, pubsub: PubSub) -> None:
    stays, comes = asyncio.Queue[bytes | None](), asyncio.Queue[bytes | None]()
    with pubsub.heard_by("stays", stays.put_nowait):
        assert await stays.get() is None
        for _ in range(2):
            with pubsub.heard_by("comes", comes.put_nowait):
                assert await comes.get() is None
            assert await server.left.get() == "comes"
        server.says("message", "comes", b"too late")
        server.says("message", "stays", b"news")

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
