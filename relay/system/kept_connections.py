"""Connections to HTTP endpoints that stay open from one request to the next, for as long as somebody keeps them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # it takes its time to load, and not everybody needs it
    import httpx2

IDLE: Final = 180.0
"""Seconds without a request after which a connection is closed. A server that closes it earlier is noticed; what is on
the way there may forget it in silence, as Azure's load balancers do after four minutes."""
GOODBYE: Final = 0.25
"""Seconds the connections may take to be closed at the end."""


class _KeptTransport:
    def __init__(self) -> None:
        self._transport: httpx2.AsyncHTTPTransport | None = None

    def transport(self) -> "httpx2.AsyncHTTPTransport":
        if self._transport is None:
            self._transport = _new()
        return self._transport

    async def close(self) -> None:
        if self._transport is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await self._transport.aclose()


_kept: ContextVar[_KeptTransport | None] = ContextVar("kept connections", default=None)


@asynccontextmanager
async def kept_connections() -> AsyncIterator[None]:
    """Keep those of all requests that are made by this task, and by those that it begins, until its context ends.

    A new connection costs a look-up of the name and two or three times the way to the server and back, for every
    sentence that is spoken.
    """
    kept = _KeptTransport()
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        await kept.close()


@asynccontextmanager
async def transport() -> "AsyncIterator[httpx2.AsyncHTTPTransport]":
    """For one request: over connections that are kept, or over one of its own where nobody keeps any."""
    if (kept := _kept.get()) is not None:
        yield kept.transport()
    else:
        async with _new() as own:
            yield own


@cache
def certificates() -> ssl.SSLContext:
    """Read once; reading them takes longer than many an answer."""
    return ssl.create_default_context()


def _new() -> "httpx2.AsyncHTTPTransport":
    import httpx2

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=IDLE)
    return httpx2.AsyncHTTPTransport(verify=certificates(), trust_env=False, limits=limits)
