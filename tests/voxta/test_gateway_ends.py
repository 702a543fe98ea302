"""The end of a connection to a gateway, at which others may still want to tell it something."""

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from relay.config import VoxtaSection
from relay.errors import VoxtaError, VoxtaUnavailable
from relay.voxta.gateway import GatewaySession
from tests.support import alongside, eventually


async def leave(request: web.Request) -> web.WebSocketResponse:
    """Goes as soon as somebody has come."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    await socket.close()
    return socket


async def test_nobody_posts_to_a_gateway_whose_connection_is_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[VoxtaError] = []
    close = aiohttp.ClientSession.close

    async def close_while_somebody_posts(http: aiohttp.ClientSession) -> None:
        await close(http)
        try:
            await session.interrupt()
        except VoxtaError as error:
            met.append(error)

    app = web.Application()
    app.router.add_get("/ws", leave)
    async with TestServer(app) as server:
        settings = VoxtaSection(mode="gateway", gateway_url=str(server.make_url("/")))
        session = GatewaySession(settings, listen=lambda _: None, changed=lambda: None)
        monkeypatch.setattr(aiohttp.ClientSession, "close", close_while_somebody_posts)
        async with alongside(session.run()):
            await eventually(lambda: bool(met))

    assert isinstance(met[0], VoxtaUnavailable)
