"""Plain requests, passed on to a core once, and its answers as they come."""

import asyncio
import logging
from typing import Final, NamedTuple

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from relay.web.guard import PRESS
from relay.web.proxy.headers import back

REACH_WITHIN: Final = 2.0
"""Seconds to connect to a core; one that has gone away without a word answers no sooner."""
ANSWER_WITHIN: Final = 45.0
"""Seconds without a byte of an answer; an action of the desk may have to wait 30 s for Voxta."""
TAKEN_WITHIN: Final = 30.0
"""Seconds in which who asks has to take a piece of the answer."""
PIECE: Final = 65_536
"""Bytes of an answer that wait here for who asks, at most twice."""
RETRY_AFTER: Final = 1
"""Seconds after which to ask again: a core is taken over in a few."""

log = logging.getLogger(__name__)


class Onward(NamedTuple):
    """What is asked of the core, besides the body."""

    url: URL
    headers: CIMultiDict[str]


class WentAway(aiohttp.ClientError):
    """The core was asked, and went away before it answered."""


def session() -> aiohttp.ClientSession:
    """Asks cores, each time over a connection of its own: one that has rested might be dead already."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=True),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=REACH_WITHIN, sock_read=ANSWER_WITHIN),
        middlewares=(_told_once,),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
        read_bufsize=PIECE,
        trust_env=False,
    )


async def _told_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The library would repeat a GET whose answer was lost, and a press-once address would be pressed twice."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise  # it has heard nothing
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise WentAway(str(error)) from error


async def pass_on(request: web.Request, asking: aiohttp.ClientSession, onward: Onward) -> web.StreamResponse:
    """What the core answers, on its way to who asked. Raises HTTPException when it does not."""
    body = await request.read() if request.method != hdrs.METH_GET else None
    try:
        async with asking.request(
            request.method, onward.url, headers=onward.headers, data=body or None, allow_redirects=False
        ) as answer:
            return await _stream(request, answer)
    except aiohttp.ClientError as error:
        raise refusal(request, error) from None


def nobody(request: web.Request, text: str = "no core answers for this companion at the moment") -> web.HTTPException:
    """For the seconds until one takes over. Browsers ask again by themselves."""
    line = f"{text}: another takes over within seconds, so try again"
    headers: CIMultiDict[str] = CIMultiDict({hdrs.RETRY_AFTER: str(RETRY_AFTER)})
    if request.method == hdrs.METH_GET and "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        headers["Refresh"] = str(RETRY_AFTER)
    return web.HTTPServiceUnavailable(text=f"{line}\n", headers=headers)


def refusal(request: web.Request, error: aiohttp.ClientError) -> web.HTTPException:
    """Why there is no answer."""
    log.debug("%s: %s", type(error).__name__, error)
    if isinstance(error, aiohttp.SocketTimeoutError):
        return web.HTTPGatewayTimeout(text=f"the core did not answer within {ANSWER_WITHIN:g} s\n")
    acts = request.method not in (hdrs.METH_GET, hdrs.METH_HEAD) or PRESS in request.path
    if isinstance(error, WentAway | aiohttp.ClientPayloadError) and acts:
        return web.HTTPBadGateway(text="the core went away before it answered: this may or may not have been done\n")
    return nobody(request)


async def _stream(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=back(answer.headers))
    await response.prepare(request)
    try:
        async for piece in answer.content.iter_any():
            async with asyncio.timeout(TAKEN_WITHIN):
                await response.write(piece)
        await response.write_eof()
    except (aiohttp.ClientError, TimeoutError):
        if request.transport is not None:
            request.transport.abort()  # or half of it would pass for the whole
        raise ConnectionResetError("the answer was cut off") from None
    return response
