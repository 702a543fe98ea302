"""WebSockets between who asks and a core: every frame is passed on as it comes, also those that only ask for life."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple

import aiohttp
from aiohttp import WSCloseCode, WSMsgType, hdrs, web

from relay.web.proxy.calls import Onward, refusal

SHAKE_WITHIN: Final = 20.0
"""Seconds for the core to open its end; who brings wrong tokens waits up to 10 for that."""
SEND_LIMIT: Final = 10.0
"""Seconds either end may take for one frame."""
CLOSE_GRACE: Final = 1.0
"""Seconds for the closing handshake of either end."""
FROM_CLIENT: Final = 65_536
"""Bytes of a message to a core, which takes as many at most."""
FROM_CORE: Final = 2**24
"""Bytes of a message of a core."""


class Farewell(NamedTuple):
    """Why a socket ends, as the other end is told."""

    code: int
    reason: str


LEFT: Final = Farewell(WSCloseCode.GOING_AWAY, "")
LOST: Final = Farewell(WSCloseCode.SERVICE_RESTART, "the core went away: come again")
"""Pages come again by themselves."""

Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


def wants_socket(request: web.Request) -> bool:
    return request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"


async def join(
    request: web.Request, asking: aiohttp.ClientSession, onward: Onward, gone: Callable[[], Awaitable[object]]
) -> web.WebSocketResponse:
    """One socket to the core for one to us, until either ends or `gone` returns, as another core is asked now.

    Raises HTTPException when the core opens none, with its own status.
    """
    socket = web.WebSocketResponse(
        autoping=False, compress=False, max_msg_size=FROM_CLIENT, writer_limit=0, timeout=CLOSE_GRACE
    )
    if not socket.can_prepare(request):
        raise web.HTTPBadRequest(text="this is no handshake of a WebSocket\n")
    async with await _opened(request, asking, onward) as upstream:
        await socket.prepare(request)
        if isinstance(request.transport, asyncio.Transport):
            request.transport.set_write_buffer_limits(high=0)  # whoever is slow is slow for the core as well
        try:
            await _both_ways(socket, upstream, gone())
        finally:
            if request.transport is not None:
                request.transport.abort()
    return socket


async def _opened(
    request: web.Request, asking: aiohttp.ClientSession, onward: Onward
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(SHAKE_WITHIN):
            return await asking.ws_connect(
                onward.url,
                headers=onward.headers,
                autoping=False,
                max_msg_size=FROM_CORE,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_GRACE),
            )
    except aiohttp.WSServerHandshakeError as error:
        refused = web.HTTPBadGateway if error.status < 400 else _status(error.status)
        raise refused(text=f"the core opens no WebSocket here: it answers {error.status}\n") from None
    except aiohttp.ClientError as error:
        raise refusal(request, error) from None
    except TimeoutError:
        raise web.HTTPGatewayTimeout(text=f"the core opened no WebSocket within {SHAKE_WITHIN:g} s\n") from None


async def _both_ways(
    socket: web.WebSocketResponse, upstream: aiohttp.ClientWebSocketResponse, gone: Awaitable[object]
) -> None:
    """Each end is told what the other took leave with."""
    inward = asyncio.create_task(_pass_frames(socket, upstream), name="socket-inward")
    outward = asyncio.create_task(_pass_frames(upstream, socket), name="socket-outward")
    ended = asyncio.ensure_future(gone)
    tasks = (inward, outward, ended)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    to_core = _farewell(inward) or LEFT
    to_client = _farewell(outward) or LOST
    await asyncio.gather(_close(upstream, to_core), _close(socket, to_client))


def _farewell(passing: asyncio.Task[Farewell | None]) -> Farewell | None:
    if passing.cancelled() or passing.exception() is not None:
        return None
    return passing.result()


async def _pass_frames(source: Socket, target: Socket) -> Farewell | None:
    """Until the source takes leave; None when it is gone without a word. Raises when the target takes nothing."""
    while True:
        frame = await source.receive()
        if frame.type is WSMsgType.CLOSE:
            return Farewell(frame.data or WSCloseCode.OK, frame.extra or "")
        if frame.type is WSMsgType.ERROR and isinstance(frame.data, aiohttp.WebSocketError):
            return Farewell(frame.data.code, "")
        if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG):
            return None
        data = frame.data.encode() if frame.type is WSMsgType.TEXT else bytes(frame.data)
        async with asyncio.timeout(SEND_LIMIT):
            await target.send_frame(data, frame.type)


async def _close(socket: Socket, farewell: Farewell) -> None:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(2 * CLOSE_GRACE):
            await socket.close(code=farewell.code, message=farewell.reason.encode()[:120])


def _status(status: int) -> type[web.HTTPException]:
    """The answer of that status."""
    kinds = {401: web.HTTPUnauthorized, 403: web.HTTPForbidden, 404: web.HTTPNotFound, 503: web.HTTPServiceUnavailable}
    return kinds.get(status, web.HTTPBadGateway)
