"""Connections that want something are served; those that say nothing, or are too many, are not kept."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from relay.companion.serving.server import CompanionServer
from relay.config import CompanionSection
from relay.system.http_server import HttpServer
from tests.support import eventually, turns
from tests.web.stage import staged

SHORT = 0.1
SOON = 10.0
"""Seconds within which what has to come has come, on any machine."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.system.http_server.PATIENCE", SHORT)
    monkeypatch.setattr("relay.system.http_server.LOOK_EVERY", SHORT / 10)
    monkeypatch.setattr("relay.system.http_server.LISTEN_AGAIN_AFTER", SHORT / 10)


class Site:
    """Answers `/` at once, `/later` when told to, and echoes over `/socket`."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = asyncio.Event()
        self.tried = asyncio.Event()
        app = web.Application()
        app.router.add_route("*", "/", self._at_once)
        app.router.add_get("/later", self._later)
        app.router.add_get("/socket", self._socket)
        app.router.add_get("/too-late", self._too_late)
        self.http = HttpServer(app, "127.0.0.1", 0, stop_within=0.1)

    async def _at_once(self, request: web.Request) -> web.Response:
        return web.Response(text=f"got {await request.text()}")

    async def _later(self, _: web.Request) -> web.Response:
        self.asked.set()
        await self.go.wait()
        return web.Response(text="at last")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    async def _too_late(self, request: web.Request) -> web.StreamResponse:
        """Answer when who asked is gone."""
        self.asked.set()
        await eventually(lambda: request.transport is None)
        self.tried.set()
        return await self._socket(request)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    await site.http.start()
    yield site
    await site.http.stop()


@asynccontextmanager
async def connected(port: int, said: bytes = b"") -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """What is said is there before the server hears of the connection, which is never one that has said nothing."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(said)
    reader, writer = await asyncio.open_connection(sock=connection)
    with closing(writer):
        yield reader, writer


async def told(port: int, said: bytes) -> bytes:
    """All that the server says to this, until it closes the connection."""
    async with asyncio.timeout(SOON), connected(port, said) as (reader, _):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def test_who_serves_nobody_has_nothing_to_look_after() -> None:
    before = asyncio.all_tasks()
    http = HttpServer(web.Application(), "127.0.0.1", 0, stop_within=0.1)

    await http.start()

    assert asyncio.all_tasks() == before
    await http.stop()


@pytest.mark.parametrize("said", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"GET / HTTP/1.1\r\nX: "])
async def test_a_connection_without_a_complete_request_is_closed(site: Site, said: bytes) -> None:
    assert await told(site.http.port, said) == b""


@pytest.mark.parametrize("said", [b"", b"GET / HTT"])
async def test_so_is_one_without_a_further_request(site: Site, said: bytes) -> None:
    answer = await told(site.http.port, REQUEST + said)

    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"\r\n\r\ngot ")


async def test_a_request_without_its_body_is_given_up(site: Site) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n"

    assert (await told(site.http.port, head + b"hel")).startswith(b"HTTP/1.1 408 ")
    assert b"got hello" in await told(site.http.port, head + b"hello")


async def test_who_waits_for_an_answer_or_uses_a_socket_may_stay(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.system.http_server.PATIENCE", SOON)
    async with aiohttp.ClientSession(site.http.url) as http, http.ws_connect("/socket") as socket:
        waiting = asyncio.create_task(http.get("/later"))
        await site.asked.wait()
        monkeypatch.setattr("relay.system.http_server.PATIENCE", SHORT)
        await told(site.http.port, b"GET")  # takes as long as the server is patient

        await socket.send_str("still there?")
        assert await socket.receive_str() == "still there?"
        site.go.set()
        assert await (await waiting).text() == "at last"


async def test_who_leaves_before_the_answer_is_no_failure_of_ours(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.system.http_server.PATIENCE", SOON)
    async with aiohttp.ClientSession(site.http.url) as http:
        asking = asyncio.create_task(http.ws_connect("/too-late"))
        await site.asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await site.tried.wait()
        async with http.get("/") as served:
            assert served.status == 200

    assert caplog.records == []


@pytest.mark.parametrize(
    "said", [b"GET /?token=hunter2\x00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /?token=hunter2 HUNTER\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_and_not_written_down(
    site: Site, caplog: pytest.LogCaptureFixture, said: bytes
) -> None:
    assert (await told(site.http.port, said)).startswith(b"HTTP/1.0 400")

    assert "hunter2" not in caplog.text


async def test_of_one_address_there_are_only_so_many(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.system.http_server.PER_ADDRESS", 2)
    monkeypatch.setattr("relay.system.http_server.PATIENCE", SOON)
    async with connected(site.http.port) as (one, writer):
        async with connected(site.http.port) as (two, other_writer):
            for reader, to in ((one, writer), (two, other_writer)):
                to.write(REQUEST)
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"

            assert await told(site.http.port, REQUEST) == b""

        while not await told(site.http.port, REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")):
            pass  # until the server has seen that there is room again


@pytest.mark.parametrize("turns", range(4))
async def test_who_connects_while_the_server_stops_is_not_left_waiting(turns: int) -> None:
    site = Site()
    await site.http.start()
    stopping = asyncio.create_task(site.http.stop())
    for _ in range(turns):  # of the loop: the connection comes at any moment of the stop
        await asyncio.sleep(0)

    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", site.http.port)) as connection:
        await stopping
        connection.settimeout(SOON)
        with suppress(ConnectionResetError):
            assert await asyncio.to_thread(connection.recv, 1) == b""
    await stopping


def lose_the_port(http: HttpServer) -> None:
    """As the loop of Windows does it, when a client was reset before it was accepted."""
    assert http._listening is not None
    for each in http._listening.sockets:
        asyncio.get_running_loop().remove_reader(each)
        each._sock.close()  # type: ignore[attr-defined]


def listens(http: HttpServer) -> bool:
    assert http._listening is not None
    with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", http.port)):
        return http._listening.is_serving()
    return False


@pytest.fixture
async def on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.system.http_server.MAY_BE_CLOSED", True)
    monkeypatch.setattr(asyncio.get_running_loop(), "_stop_serving", lambda listening: listening.close())


@pytest.mark.usefixtures("on_windows")
async def test_who_no_longer_listens_on_windows_does_so_again_and_those_connected_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relay.system.http_server.PATIENCE", SOON)
    http = Site().http
    await http.start()
    async with aiohttp.ClientSession(http.url) as client, client.ws_connect("/socket") as before:
        for _ in range(2):  # it may happen again
            lose_the_port(http)
            await eventually(lambda: listens(http))

        async with aiohttp.ClientSession(http.url) as another, another.get("/") as served:
            assert served.status == 200
        await before.send_str("still there?")
        assert await before.receive_str() == "still there?"
    await http.stop()
    assert not listens(http)


@pytest.mark.usefixtures("on_windows")
async def test_a_port_that_another_has_taken_meanwhile_is_tried_until_it_is_free(
    caplog: pytest.LogCaptureFixture,
) -> None:
    http = Site().http
    await http.start()
    lose_the_port(http)
    with socket.create_server(("127.0.0.1", http.port)):
        await eventually(lambda: f"listening on port {http.port} again failed" in caplog.text)

    await eventually(lambda: listens(http))
    await http.stop()
    assert "Traceback" not in caplog.text


@pytest.mark.usefixtures("on_windows")
async def test_who_stops_without_a_port_does_not_get_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    http = Site().http
    await http.start()
    lose_the_port(http)
    monkeypatch.setattr(asyncio.get_running_loop(), "remove_reader", lambda _: False)  # it has none any more

    await http.stop()

    await turns()
    assert not listens(http)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@asynccontextmanager
async def overlay() -> AsyncIterator[Any]:
    async with staged() as stage:
        yield stage


@asynccontextmanager
async def companion() -> AsyncIterator[Any]:
    async with CompanionServer(CompanionSection(port=0)) as server:
        yield server


@pytest.mark.parametrize("serving", [overlay, companion])
async def test_the_overlay_and_the_companion_are_served_like_this(serving: Any) -> None:
    async with serving() as server:
        assert await told(int(server.url.rpartition(":")[2]), b"GET / HTTP/1.1\r\n") == b""
