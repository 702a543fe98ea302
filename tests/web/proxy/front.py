"""A web process as its users see it, and cores behind it that come and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from relay.config import WebSection
from relay.web.proxy.server import WebProxy
from relay.web.proxy.trust import CoreAddress, Upstream
from tests.web.stage import Stage, staged

NAME = "relay"
"""Of the only companion."""


class KnownCores:
    """Which there are is what a test says."""

    def __init__(self, **there: CoreAddress) -> None:
        self.changed = asyncio.Condition()
        self._there = there

    def where(self, companion: str) -> CoreAddress | None:
        return self._there.get(companion)

    async def take_over(self, companion: str, core: CoreAddress | None) -> None:
        """From now on this one serves it; None for nobody."""
        async with self.changed:
            self._there.pop(companion, None)
            if core is not None:
                self._there[companion] = core
            self.changed.notify_all()


async def get(url: str, method: str = "GET", **given: Any) -> tuple[int, str]:
    """Status and text."""
    async with aiohttp.ClientSession() as http, http.request(method, url, **given) as answer:
        return answer.status, await answer.text()


def upstream() -> Upstream:
    return Upstream("127.0.0.1", 0)


@asynccontextmanager
async def core(**given: Any) -> AsyncIterator[tuple[Stage, CoreAddress]]:
    """A core's own web server, which web processes alone may ask."""
    async with staged(upstream=upstream(), **given) as stage:
        assert stage.server.core is not None
        yield stage, stage.server.core


@asynccontextmanager
async def front(cores: KnownCores, *, token: str | None = None, **given: Any) -> AsyncIterator[WebProxy]:
    """A web process."""
    settings = WebSection.model_validate({"port": 0, "token": token})
    async with WebProxy(settings, cores, **(given or {"alone": lambda: NAME})) as proxy:
        yield proxy


@asynccontextmanager
async def fronted(*, token: str | None = None, **given: Any) -> AsyncIterator[tuple[Stage, WebProxy, KnownCores]]:
    """A core with a web process before it."""
    async with core(token=token, **given) as (stage, there):
        cores = KnownCores(**{NAME: there})
        async with front(cores, token=token) as proxy:
            yield stage, proxy, cores
