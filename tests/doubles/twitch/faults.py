"""What can go wrong on the way, as objects. Each is used up after `times` requests."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Fault:
    path: str
    """The end of the address, such as `eventsub/subscriptions`."""
    times: int = 1
    method: str | None = None

    def concerns(self, request: web.Request) -> bool:
        return (
            self.times > 0
            and request.path.rstrip("/").endswith(self.path.strip("/"))
            and self.method in (None, request.method)
        )

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request)


@dataclass
class Refuse(Fault):
    """An error instead of an answer."""

    status: int = 500
    message: str = "something went wrong"
    headers: Mapping[str, str] = field(default_factory=dict)
    struck: list[float] = field(default_factory=list)
    """When, by the event loop's time."""

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.struck.append(asyncio.get_running_loop().time())
        body = {"error": "Error", "status": self.status, "message": self.message}
        return web.json_response(body, status=self.status, headers=self.headers)


@dataclass
class Garble(Fault):
    """A success whose JSON is not what it should be."""

    body: object = None

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        return web.json_response(self.body)


@dataclass
class Drop(Fault):
    """The connection breaks before the call is taken."""

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport:
            request.transport.abort()
        return web.Response()


@dataclass
class LoseAnswer(Fault):
    """The call is taken, and the connection breaks before the answer."""

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        if request.transport:
            request.transport.abort()
        return answer


@dataclass
class Delay(Fault):
    """The answer takes its time."""

    seconds: float = 1.0

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await asyncio.sleep(self.seconds)
        return await handler(request)


@dataclass
class Hold(Fault):
    """The answer waits until it may come."""

    is_asked: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def strike(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.is_asked.set()
        await self.may_answer.wait()
        return await handler(request)
