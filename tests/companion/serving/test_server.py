"""The companion's network side: negotiation, SignalR's rules, and clients that misbehave."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from relay.companion.serving import connection
from relay.companion.serving.server import CompanionServer
from relay.errors import ConfigError
from tests.companion.conftest import SETTINGS
from tests.companion.raw import RawClient, ScriptedBrain, connected, straight
from tests.support import PATIENCE, open_files


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[CompanionServer]:
    async with CompanionServer(SETTINGS, brain=ScriptedBrain(), **options) as server:
        yield server


@asynccontextmanager
async def negotiated(url: str) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        async with http.post(f"{url}/hub/negotiate?negotiateVersion=1") as response:
            token = (await response.json())["connectionToken"]
        yield http, token


async def test_negotiation_offers_websockets_and_sets_a_cookie(companion: CompanionServer) -> None:
    async with aiohttp.ClientSession() as http, http.post(f"{companion.url}/hub/negotiate?negotiateVersion=1") as got:
        offer = await got.json()

    assert offer["negotiateVersion"] == 1
    assert offer["connectionToken"]
    assert offer["connectionId"]
    assert [transport["transport"] for transport in offer["availableTransports"]] == ["WebSockets"]
    assert got.cookies


async def test_without_the_cookie_of_the_negotiation_there_is_no_connection(companion: CompanionServer) -> None:
    async with negotiated(companion.url) as (http, token):
        http.cookie_jar.clear()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{companion.url}/hub", params={"id": token})

    assert refused.value.status == 403


async def test_without_a_negotiated_token_there_is_no_connection(companion: CompanionServer) -> None:
    async with negotiated(companion.url) as (http, _):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{companion.url}/hub", params={"id": "guessed"})

    assert refused.value.status == 404


async def test_a_client_may_come_without_negotiation(companion: CompanionServer) -> None:
    async with straight(companion.url) as client:
        assert (await client.enter())["sessionId"] == client.session_id


async def test_without_negotiation_the_key_is_in_the_address() -> None:
    settings = SETTINGS.model_copy(update={"access_key": SecretStr("hush")})
    async with CompanionServer(settings, brain=ScriptedBrain()) as server:
        for key in (None, "wrong"):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
                async with straight(server.url, key=key):
                    pass
        async with straight(server.url, key="hush") as client:
            assert "error" not in await client.call("authenticate")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://[bad"])
async def test_pages_of_other_sites_are_refused(companion: CompanionServer, origin: str) -> None:
    async with negotiated(companion.url) as (http, token):
        headers = {"Origin": origin}
        async with http.post(f"{companion.url}/hub/negotiate", headers=headers) as response:
            status = response.status
            assert "Access-Control-Allow-Origin" not in response.headers
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(f"{companion.url}/hub", params={"id": token}, headers=headers)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused_straight:
            await http.ws_connect(f"{companion.url}/hub", headers=headers)

    assert (status, refused.value.status, refused_straight.value.status) == (403, 403, 403)


async def test_a_name_that_points_here_is_still_another_site(companion: CompanionServer) -> None:
    headers = {"Origin": "http://rebound.example", "Host": "rebound.example"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{companion.url}/hub/negotiate", headers=headers) as response,
    ):
        assert response.status == 403


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1"])
async def test_local_pages_are_welcome(companion: CompanionServer, origin: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.options(f"{companion.url}/hub/negotiate", headers={"Origin": origin}) as preflight,
        http.post(f"{companion.url}/hub/negotiate", headers={"Origin": origin}) as response,
    ):
        assert (preflight.status, response.status) == (204, 200)
        assert response.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": "Bearer hush"}, 200)],
)
async def test_a_configured_key_is_asked_for(headers: dict[str, str], status: int) -> None:
    settings = SETTINGS.model_copy(update={"access_key": SecretStr("hush")})
    async with (
        CompanionServer(settings, brain=ScriptedBrain()) as server,
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}/hub/negotiate", headers=headers) as response,
    ):
        assert response.status == status


async def test_a_wrong_handshake_is_answered_by_an_error_and_the_end(companion: CompanionServer) -> None:
    async with (
        negotiated(companion.url) as (http, token),
        http.ws_connect(f"{companion.url}/hub", params={"id": token}) as ws,
    ):
        await ws.send_str('{"protocol":"messagepack","version":1}\x1e')

        assert "error" in await ws.receive_str()
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_frames_may_be_joined_and_split(companion: CompanionServer) -> None:
    async with (
        negotiated(companion.url) as (http, token),
        http.ws_connect(f"{companion.url}/hub", params={"id": token}) as ws,
    ):
        await ws.send_str('{"protocol":"json","version":1}\x1e{"type":6}\x1e{"type":1,"target":"SendMessage","argum')
        await ws.send_str('ents":[{"$type":"authenticate"}]}\x1e')

        assert await ws.receive_str() == "{}\x1e"
        assert '"welcome"' in await ws.receive_str()


async def test_authentication_comes_first(companion: CompanionServer) -> None:
    async with connected(companion.url) as client:
        completion = await client.call("loadChatsList")

        await client.expect("authenticationRequired")
        assert "authenticate first" in completion["error"]
        assert "error" not in await client.call("authenticate")


@pytest.mark.parametrize(
    ("frame", "named"),
    [
        ({"type": 1, "target": "SendMessage", "arguments": [{"$type": "levitate"}]}, "levitate"),
        ({"type": 1, "target": "SendMessage", "arguments": [{"$type": "send", "text": "x"}]}, "send: sessionId"),
        ({"type": 1, "target": "SendMessage", "arguments": [{}]}, "$type"),
        ({"type": 1, "target": "SendMessage", "arguments": []}, "one argument"),
        ({"type": 1, "target": "Levitate", "arguments": [{}]}, "no method 'Levitate'"),
        ({"type": 4}, "type 4"),
        ({}, "type None"),
        ([], "not a JSON object"),
    ],
)
async def test_a_bad_frame_is_named_and_the_connection_lives_on(client: RawClient, frame: Any, named: str) -> None:
    await client.send_frame(frame)

    assert named in (await client.expect("error"))["message"]
    assert "error" not in await client.say("Still here?")


async def test_stray_sound_is_refused_once_and_hurts_no_call(client: RawClient) -> None:
    for _ in range(300):
        await client.socket.send_bytes(bytes(959) + b"\x1e")

    assert "error" not in await client.say("Still here?")
    [error] = client.of_kind("error")
    assert "/ws/audio/input/stream" in error["message"]


async def test_a_call_without_an_id_has_no_completion(client: RawClient) -> None:
    await client.send_frame({"type": 1, "target": "SendMessage", "arguments": [{"$type": "loadChatsList"}]})
    await client.expect("chatsListLoaded")
    await client.call("loadCharactersList")

    answered = [frame["invocationId"] for frame in client.frames if frame.get("type") == 3]
    assert [name for name in answered if name.startswith("call")] == ["call-1", "call-2", "call-3"]


async def test_a_quiet_connection_is_pinged() -> None:
    async with serving(keep_alive=0.02) as server, connected(server.url) as client:
        assert await client.frame(lambda frame: frame.get("type") == 6)


async def test_a_silent_client_is_dropped_with_a_reason() -> None:
    async with serving() as server, connected(server.url) as client:
        [connection] = server._connections
        connection._silence_limit = 0.1  # from the next frame on: however long it takes to connect
        await client.send_frame({"type": 6})
        closing = await client.frame(lambda frame: frame.get("type") == 7)

        assert "no sign of life for 0.1 s" in closing["error"]
        async with asyncio.timeout(PATIENCE):
            await client.ended.wait()


async def test_control_pings_alone_keep_a_client_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, skipped, is_heard = asyncio.get_running_loop(), 0.0, asyncio.Event()
    pong = web.WebSocketResponse.pong

    async def heard(self: web.WebSocketResponse, message: bytes) -> None:
        await pong(self, message)
        is_heard.set()

    monkeypatch.setattr(web.WebSocketResponse, "pong", heard)
    async with serving(silence_limit=PATIENCE) as server, connected(server.url) as client:
        monkeypatch.setattr(loop, "time", lambda: time.monotonic() + skipped)
        for _ in range(10):
            is_heard.clear()
            await client.socket.ping()
            await is_heard.wait()
            skipped += PATIENCE / 2

        assert "error" not in await client.call("authenticate")


async def test_a_shutdown_says_goodbye() -> None:
    server = CompanionServer(SETTINGS, brain=ScriptedBrain())
    await server.start()
    async with connected(server.url) as client:
        await client.enter()

        await server.stop()

        await client.expect("chatClosed")
        closing = await client.frame(lambda frame: frame.get("type") == 7)
        assert closing == {"type": 7, "allowReconnect": True}
        async with asyncio.timeout(PATIENCE):
            await client.ended.wait()
        assert client.socket.close_code == 1001


async def test_a_client_that_does_not_keep_up_is_cut_off_and_delays_nobody(
    client: RawClient, companion: CompanionServer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "QUEUE_LIMIT", 16)
    async with negotiated(companion.url) as (http, token):
        writer = await stuck_client(companion.url, http, token, client)
        try:
            async with asyncio.timeout(PATIENCE):
                while "does not keep up" not in caplog.text:
                    await client.say("/note " + "x" * 100_000)
        finally:
            writer.close()


async def stuck_client(url: str, http: aiohttp.ClientSession, token: str, friend: RawClient) -> asyncio.StreamWriter:
    """A client that subscribes and then reads nothing more, over a socket with a small window."""
    cookie = "; ".join(f"{c.key}={c.value}" for c in http.cookie_jar)
    host, port = url.removeprefix("http://").split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    _, writer = await asyncio.open_connection(sock=raw, limit=1024)
    writer.write(
        f"GET /hub?id={token} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    subscribe = f'{{"$type":"subscribeToChat","sessionId":"{friend.session_id}","chatId":"{friend.chat_id}"}}'
    for record in (
        '{"protocol":"json","version":1}',
        '{"type":1,"target":"SendMessage","arguments":[{"$type":"authenticate"}]}',
        f'{{"type":1,"target":"SendMessage","arguments":[{subscribe}]}}',
    ):
        writer.write(masked(record + "\x1e"))
    await writer.drain()
    return writer


def masked(text: str) -> bytes:
    """A WebSocket text frame from a client, with a mask of zeros."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + b"\0\0\0\0" + data


async def test_a_port_that_is_taken_is_a_clear_error_and_leaves_nothing_open(
    companion: CompanionServer, tmp_path: Path
) -> None:
    port, chats = int(companion.url.rsplit(":", 1)[1]), tmp_path / "chats.sqlite3"
    settings = SETTINGS.model_copy(update={"port": port, "database": chats})

    with pytest.raises(ConfigError, match=rf"companion\.port: 127\.0\.0\.1:{port} cannot be had"):
        await CompanionServer(settings, brain=ScriptedBrain()).start()

    assert chats.exists()
    assert str(chats) not in open_files()


async def test_a_shutdown_stops_replies_and_takes_no_more_messages() -> None:
    brain = ScriptedBrain("Well... ", "never.", hold=1)
    server = CompanionServer(SETTINGS, brain=brain)
    await server.start()
    async with connected(server.url) as client:
        await client.enter()
        await client.say("Hello?")

        await server.stop()

        await client.expect("replyCancelled")
    assert brain.closed.is_set()
    assert len(brain.views) == 1


async def test_listening_everywhere_it_is_reached_on_this_machine() -> None:
    settings = SETTINGS.model_copy(update={"host": "0.0.0.0"})
    async with CompanionServer(settings, brain=ScriptedBrain()) as server, connected(server.url) as client:
        assert server.url.startswith("http://127.0.0.1:")
        assert "error" not in await client.call("authenticate")
