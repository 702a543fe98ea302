"""The end of a connection to a gateway, at which others may still want to tell it something."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from relay.config import VoxtaSection
from relay.errors import VoxtaError, VoxtaUnavailable
from relay.voxta.gateway import RECONNECT, GatewaySession
from tests.support import alongside, eventually


async def leave(request: web.Request) -> web.WebSocketResponse:
    """Goes as soon as somebody has come."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    await socket.close()
    return socket


@pytest.fixture
async def gateway() -> AsyncIterator[VoxtaSection]:
    """Where one is found that goes as soon as somebody has come."""
    app = web.Application()
    app.router.add_get("/ws", leave)
    async with TestServer(app) as server:
        yield VoxtaSection(mode="gateway", gateway_url=str(server.make_url("/")))


async def test_one_that_goes_as_soon_as_somebody_comes_is_come_back_to_slower_and_slower(
    gateway: VoxtaSection, loss_pauses: list[float]
) -> None:
    async with alongside(GatewaySession(gateway, listen=lambda _: None, changed=lambda: None).run()):
        await eventually(lambda: len(loss_pauses) > 6)

    assert loss_pauses[6] >= RECONNECT[-1] / 2


async def test_nobody_posts_to_a_gateway_whose_connection_is_closing(
    gateway: VoxtaSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[VoxtaError] = []
    close = aiohttp.ClientSession.close

    async def close_while_somebody_posts(http: aiohttp.ClientSession) -> None:
        await close(http)
        try:
            await session.interrupt()
        except VoxtaError as error:
            met.append(error)

    session = GatewaySession(gateway, listen=lambda _: None, changed=lambda: None)
    monkeypatch.setattr(aiohttp.ClientSession, "close", close_while_somebody_posts)
    async with alongside(session.run()):
        await eventually(lambda: bool(met))

    assert isinstance(met[0], VoxtaUnavailable)
