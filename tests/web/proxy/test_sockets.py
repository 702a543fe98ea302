import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from relay.system.http_server import HttpServer
from relay.web.proxy import sockets
from relay.web.proxy.trust import CoreAddress
from tests.support import PATIENCE, eventually
from tests.web.desk.page import opened
from tests.web.proxy.front import NAME, KnownCores, core, front, fronted
from tests.web.proxy.raw import raw_core

TOKEN = "a-token-nobody-guesses"
SUBSCRIBE = {"type": "subscribe", "client_id": "game", "events": ["all"]}


@asynccontextmanager
async def talking(
    talk: Callable[[web.WebSocketResponse], Awaitable[None]], cores: KnownCores | None = None
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket through a web process to a core that talks like this."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await talk(socket)
        return socket

    app = web.Application()
    app.router.add_get("/ws", serve)
    server = HttpServer(app, "127.0.0.1", 0, stop_within=0.1)
    await server.start()
    try:
        cores = cores or KnownCores()
        await cores.take_over(NAME, CoreAddress(server.url, "secret"))
        async with (
            front(cores) as proxy,
            aiohttp.ClientSession() as http,
            http.ws_connect(f"{proxy.url}/ws", autoping=False, autoclose=True) as socket,
        ):
            yield socket
    finally:
        await server.stop()


async def test_frames_of_every_kind_go_both_ways_as_they_are() -> None:
    async def echo(socket: web.WebSocketResponse) -> None:
        while (frame := await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
            data = frame.data.encode() if isinstance(frame.data, str) else bytes(frame.data)
            await socket.send_frame(data, frame.type)

    async with talking(echo) as socket:
        for kind, data in (
            (WSMsgType.TEXT, '{"größer": "\U0001f600"}'.encode()),
            (WSMsgType.BINARY, bytes(range(256)) * 200),
            (WSMsgType.PING, b"there?"),
            (WSMsgType.PONG, b""),
        ):
            await socket.send_frame(data, kind)
            came = await socket.receive(PATIENCE)
            assert came.type is kind
            assert (came.data.encode() if kind is WSMsgType.TEXT else bytes(came.data)) == data


async def test_each_end_hears_with_what_words_the_other_took_leave() -> None:
    heard: list[object] = []

    async def listen(socket: web.WebSocketResponse) -> None:
        frame = await socket.receive()
        heard.append((frame.type, frame.data, frame.extra))

    async with talking(listen) as socket:
        await socket.close(code=4001, message=b"bored")
        await eventually(lambda: bool(heard))
    assert heard == [(WSMsgType.CLOSE, 4001, "bored")]

    async def take_leave(socket: web.WebSocketResponse) -> None:
        await socket.close(code=4002, message=b"full")

    async with talking(take_leave) as socket:
        frame = await socket.receive(PATIENCE)
        assert (frame.type, frame.data, frame.extra) == (WSMsgType.CLOSE, 4002, "full")


async def test_a_client_that_goes_without_a_word_leaves_nothing_behind() -> None:
    async with (
        fronted() as (stage, proxy, _),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{proxy.url}/ws") as socket,
    ):
        await socket.send_json(SUBSCRIBE)
        assert (await socket.receive_json(timeout=PATIENCE))["type"] == "snapshot"
        clients = stage.server.gateway.clients
        assert clients.described()["game"]["connected"]
        assert socket._response.connection is not None and socket._response.connection.transport is not None
        socket._response.connection.transport.abort()

        await eventually(lambda: not clients.described()["game"]["connected"])


async def test_a_core_that_dies_has_pages_come_again() -> None:
    async def die(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        assert socket._req is not None and socket._req.transport is not None
        socket._req.transport.abort()

    async with talking(die) as socket:
        await socket.send_str("die")
        frame = await socket.receive(PATIENCE)
        assert (frame.type, frame.data) == (WSMsgType.CLOSE, aiohttp.WSCloseCode.SERVICE_RESTART)


async def test_sockets_leave_a_core_that_another_has_taken_over_from_even_if_it_still_answers() -> None:
    async def stay(socket: web.WebSocketResponse) -> None:
        await socket.receive()

    cores = KnownCores()
    async with talking(stay, cores) as socket:
        await cores.take_over(NAME, None)
        await cores.take_over(NAME, CoreAddress("http://127.0.0.1:1", "another"))
        frame = await socket.receive(PATIENCE)
        assert (frame.type, frame.data) == (WSMsgType.CLOSE, aiohttp.WSCloseCode.SERVICE_RESTART)


async def test_a_core_that_is_only_out_of_sight_keeps_its_pages() -> None:
    async def answer(socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            await socket.send_str(frame.data)

    cores = KnownCores()
    async with talking(answer, cores) as socket:
        await cores.take_over(NAME, None)
        await socket.send_str("still there?")
        assert (await socket.receive(PATIENCE)).data == "still there?"


@pytest.mark.parametrize("path", ["/desk/ws", "/overlay/ws", "/ws"])
async def test_who_may_not_come_in_is_told_so_by_status(path: str) -> None:
    async with fronted(token=TOKEN) as (_, proxy, _), aiohttp.ClientSession() as http:
        for query, headers, status in (
            ("", {}, 401),
            (f"?token={TOKEN}", {"Origin": "https://evil.example"}, 403),
        ):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{proxy.url}{path}{query}", headers=headers)
            assert refused.value.status == status


async def test_while_no_core_is_there_no_socket_opens() -> None:
    async with front(KnownCores()) as proxy, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{proxy.url}/desk/ws")
        assert refused.value.status == 503
        assert refused.value.headers is not None and refused.value.headers["Retry-After"] == "1"


async def test_what_is_no_handshake_reaches_no_core() -> None:
    async def answer(writer: object) -> None: ...

    async with (
        raw_core(answer) as (asked, there),
        front(KnownCores(**{NAME: there})) as proxy,
        aiohttp.ClientSession() as http,
        http.get(f"{proxy.url}/ws", headers={"Upgrade": "websocket", "Connection": "Upgrade"}) as answered,
    ):
        assert answered.status == 400
        assert asked.asked == []


async def test_a_message_that_is_too_long_ends_the_socket_with_the_code_for_that() -> None:
    async def listen(socket: web.WebSocketResponse) -> None:
        await socket.receive()

    async with talking(listen) as socket:
        await socket.send_bytes(b"x" * (sockets.FROM_CLIENT + 1))
        frame = await socket.receive(PATIENCE)
        assert (frame.type, frame.data) == (WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)


async def test_who_takes_nothing_is_soon_dropped_and_a_core_is_read_no_further_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "SEND_LIMIT", 0.05)
    monkeypatch.setattr(sockets, "CLOSE_GRACE", 0.05)
    piece, all_of_it = 2**16, 2**14  # a gigabyte in all, of which nothing is read
    sent = 0
    ended = asyncio.Event()

    async def flood(socket: web.WebSocketResponse) -> None:
        nonlocal sent
        with suppress(ConnectionError):
            while sent < all_of_it:
                await socket.send_bytes(b"x" * piece)
                sent += 1
        ended.set()

    async with talking(flood):
        await asyncio.wait_for(ended.wait(), PATIENCE)
        assert sent < all_of_it / 4


async def test_the_desk_speaks_through_it() -> None:
    async with fronted(token=TOKEN) as (_, proxy, _), opened(proxy.url, Authorization=f"Bearer {TOKEN}") as page:
        assert (await page.ask("nothing"))["error"]["code"] == "unknown"


async def test_the_end_of_a_web_process_ends_its_sockets() -> None:
    async with core() as (stage, there), aiohttp.ClientSession() as http:
        async with front(KnownCores(**{NAME: there})) as proxy:
            socket = await http.ws_connect(f"{proxy.url}/overlay/ws")
            await socket.send_json({"type": "ready", "version": 2, "sound": "on", "captions": True})
            await eventually(lambda: stage.sink.is_open)

        await eventually(lambda: not stage.sink.is_open)
        await socket.close()
