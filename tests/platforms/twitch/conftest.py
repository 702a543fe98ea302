import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from relay.model import AudienceMessage, Incoming, Kind
from relay.platforms.base import Receive
from relay.platforms.info import PlatformWishes
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.settings import TwitchSection
from tests.doubles.twitch import TwitchDouble
from tests.support import PATIENCE

EVERYTHING = frozenset(Kind)


class Received:
    """What `receive` was called with, in order."""

    def __init__(self) -> None:
        self.all: list[Incoming] = []
        self._more = asyncio.Condition()

    async def __call__(self, *incoming: Incoming) -> None:
        async with self._more:
            self.all += incoming
            self._more.notify_all()

    @property
    def messages(self) -> list[AudienceMessage]:
        return [each for each in self.all if isinstance(each, AudienceMessage)]

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    async def until(self, count: int, timeout: float = PATIENCE) -> list[Incoming]:
        """Everything received, once it is at least `count`."""
        async with asyncio.timeout(timeout), self._more:
            await self._more.wait_for(lambda: len(self.all) >= count)
        return self.all

    async def until_text(self, text: str, timeout: float = PATIENCE) -> list[str]:
        """All texts, once this one is among them."""
        async with asyncio.timeout(timeout), self._more:
            await self._more.wait_for(lambda: text in self.texts)
        return self.texts


def reaching(twitch: TwitchDouble, **over: Any) -> TwitchSection:
    """Settings that make the relay talk to this double."""
    return TwitchSection.model_validate(twitch.settings(**over))


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
async def twitch() -> AsyncIterator[TwitchDouble]:
    async with TwitchDouble() as double:
        yield double


Connect = Callable[..., AbstractAsyncContextManager[TwitchPlatform]]


@pytest.fixture
def kinds() -> frozenset[Kind]:
    """What the adapter is to hear of where a test does not say it: of little else than chat, which takes few calls."""
    return frozenset({Kind.CHAT})


@pytest.fixture
def connect(received: Received, tmp_path: Path, kinds: frozenset[Kind]) -> Connect:
    """`async with connect(twitch) as platform`: the adapter running against the double, all of it subscribed."""

    @asynccontextmanager
    async def connected(
        twitch: TwitchDouble,
        receive: Receive = received,
        kinds: frozenset[Kind] = kinds,
        wishes: Mapping[str, Any] = MappingProxyType({}),
        **over: Any,
    ) -> AsyncIterator[TwitchPlatform]:
        settings = reaching(twitch, **{"reconcile_every": 0.2, **over})
        platform = TwitchPlatform(
            settings, twitch.write_token(tmp_path / "token.json"), receive, wishes=PlatformWishes(kinds, **wishes)
        )
        running = asyncio.create_task(platform.run())
        try:
            await twitch.until(lambda: platform.health().startswith("connected as"), "the end of the first pass")
            if kinds == EVERYTHING:
                await twitch.wait_subscribed()
            yield platform
            assert not running.done(), running
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    return connected


@pytest.fixture
def platform(twitch: TwitchDouble, received: Received, tmp_path: Path) -> TwitchPlatform:
    """The adapter, not running."""
    return TwitchPlatform(reaching(twitch), twitch.write_token(tmp_path / "token.json"), received)
