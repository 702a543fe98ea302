"""What can go wrong between the adapter and Discord, as objects."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from tests.doubles.discord.answers import error, too_many

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Fault(Protocol):
    path: str
    """It applies to requests whose method and path, `GET /api/v10/gateway`, contain this."""
    times: int
    """How often it still applies."""

    async def apply(self, request: web.Request, handler: Handler) -> web.StreamResponse: ...


@dataclass
class Refuse:
    """Answer with an error and do nothing."""

    path: str
    status: int
    times: int = 1
    code: int = 0
    message: str = "refused by the test"
    retry_after: float = 0.1
    """Seconds, for 429."""
    edge: bool = False
    """As Discord's edge network refuses: HTML, without the API's own headers."""

    async def apply(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.edge:
            headers = {"Retry-After": str(self.retry_after), "Content-Type": "text/html"}
            return web.Response(status=self.status, body=b"<html>refused</html>", headers=headers)
        if self.status == 429:
            return too_many(self.retry_after)
        return error(self.status, self.code, self.message)


@dataclass
class LoseReply:
    """Do what was asked, then lose the connection before the answer."""

    path: str
    times: int = 1

    async def apply(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.transport is not None:
            request.transport.abort()
        return answer


@dataclass
class Hold:
    """Answer nothing until released."""

    path: str
    times: int = 1
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.reached.set()
        await self.released.wait()
        return await handler(request)
