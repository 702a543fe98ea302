"""The adapter running against a local Discord."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from relay.model import AudienceMessage, Incoming
from relay.platforms.discord.client import DiscordPlatform
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.signal import Signal


class Store:
    """Stands where the inbox does: keeps what it is given, in order."""

    def __init__(self) -> None:
        self.items: list[Incoming] = []
        self.failures: list[Exception] = []
        """Raised by the next calls, first to last."""
        self.signal = Signal()
        self._open = asyncio.Event()
        self._open.set()

    def pause(self) -> None:
        """Let calls wait until `go_on`."""
        self._open.clear()

    def go_on(self) -> None:
        self._open.set()

    async def receive(self, incoming: Incoming) -> None:
        self.signal.notify()
        await self._open.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.items.append(incoming)
        self.signal.notify()

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items if isinstance(item, AudienceMessage)]

    async def wait_for(self, n: int) -> list[Incoming]:
        await self.signal.wait_until(lambda: len(self.items) >= n, f"{n} received, got {self.items}")
        return self.items

    async def first(self) -> AudienceMessage:
        item = (await self.wait_for(1))[0]
        assert isinstance(item, AudienceMessage)
        return item


class Status:
    """What the relay says about itself."""

    text = "all is well"

    async def status(self) -> str:
        return self.text


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def controls() -> Status:
    return Status()


Connect = Callable[..., AbstractAsyncContextManager[DiscordPlatform]]


@pytest.fixture
def connect(discord: DiscordDouble, store: Store, controls: Status) -> Connect:
    """Run the adapter, with settings changed as given, until the block ends."""

    @asynccontextmanager
    async def running(**over: Any) -> AsyncIterator[DiscordPlatform]:
        platform = DiscordPlatform(discord.settings(**over), store.receive, controls)
        task = asyncio.create_task(platform.run())
        try:
            await discord.wait_ready()
            yield platform
        finally:
            task.cancel()
            await asyncio.wait({task}, timeout=10)
            assert task.cancelled(), task

    return running


@pytest.fixture
async def platform(connect: Connect) -> AsyncIterator[DiscordPlatform]:
    """The adapter, connected."""
    async with connect() as connected:
        yield connected
