"""What goes over one connection to Voxta, as the server at its other end gets it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

from relay.errors import VoxtaNotTold, VoxtaUnavailable
from relay.voxta.transport import HubConnection
from relay.wire import client, signalr
from tests.support import PATIENCE
from tests.system.sleeping import goes_on_at

GREETING = '{"protocol":"json","version":1}\x1e'
CALLS = [client.Interrupt(session_id=str(number)) for number in range(3)]


class Hub:
    """Keeps each WebSocket message as it came, and answers every call in it."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []
        """The sessions that the calls of one message are for."""
        self.answers = True
        self.reads = True
        self.transport: asyncio.Transport | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert await socket.receive_str() == GREETING
        if not self.reads and isinstance(request.transport, asyncio.Transport):
            self.transport = request.transport
            self.transport.pause_reading()
        await socket.send_str("{}\x1e")
        async for message in socket:
            assert message.type is WSMsgType.TEXT
            calls = [json.loads(record) for record in message.data.split("\x1e")[:-1]]
            self.messages.append([call["arguments"][0]["sessionId"] for call in calls])
            for call in calls if self.answers else ():
                await socket.send_str(json.dumps({"type": 3, "invocationId": call["invocationId"]}) + "\x1e")
        return socket


@asynccontextmanager
async def connected(hub: Hub) -> AsyncIterator[HubConnection]:
    app = web.Application()
    app.router.add_get("/hub", hub.serve)
    async with (
        TestServer(app) as server,
        HubConnection.connect(str(server.make_url("")), api_key=None, timeout=PATIENCE, on_bad=print) as connection,
    ):
        yield connection


async def test_calls_made_at_once_go_in_one_message_in_order() -> None:
    hub = Hub()
    async with connected(hub) as connection:
        listening = asyncio.create_task(connection.run(print))
        await asyncio.gather(*map(connection.invoke, CALLS))
        listening.cancel()

    assert hub.messages == [["0", "1", "2"]]


async def test_a_call_that_nobody_waits_for_goes_with_the_next_one_or_by_itself() -> None:
    hub = Hub()
    async with connected(hub) as connection:
        listening = asyncio.create_task(connection.run(print))
        connection.call(CALLS[0], within=1e6)
        for _ in range(9):  # in which what is in a hurry goes
            await asyncio.sleep(0)
        await connection.invoke(CALLS[1])
        await connection.call(CALLS[2], within=0.001)
        listening.cancel()

    assert hub.messages == [["0", "1"], ["2"]]


async def test_a_call_is_asked_in_the_moment_in_which_it_goes_whether_it_may() -> None:
    hub, may_go = Hub(), True
    async with connected(hub) as connection:
        listening = asyncio.create_task(connection.run(print))
        first = connection.call(CALLS[0])
        held_back = connection.call(CALLS[1], may_go=lambda: may_go)
        may_go = False
        await first
        with pytest.raises(VoxtaNotTold, match="interrupt may be another process's"):
            await held_back
        with pytest.raises(VoxtaNotTold):
            await connection.invoke(CALLS[1], lambda: may_go)
        may_go = True
        await connection.invoke(CALLS[2], lambda: may_go)
        listening.cancel()

    assert hub.messages == [["0"], ["2"]]


async def test_a_call_without_an_answer_ends_the_connection_and_says_which_it_was() -> None:
    hub = Hub()
    hub.answers = False
    async with connected(hub) as connection:
        connection._timeout = 0.1  # from now on: however long it takes to connect
        listening = asyncio.create_task(connection.run(print))

        with pytest.raises(VoxtaUnavailable, match="did not answer interrupt"):
            await connection.invoke(CALLS[0])
        with pytest.raises(VoxtaUnavailable):
            await listening
        with pytest.raises(VoxtaUnavailable, match="was lost"):
            await connection.invoke(CALLS[1])

    assert hub.messages == [["0"]]


async def test_a_server_that_reads_nothing_of_what_is_sent_counts_as_gone() -> None:
    hub = Hub()
    hub.reads = False
    more_than_systems_buffer = client.Send(session_id="0", text="a" * 2**26)
    async with connected(hub) as connection:
        connection._timeout = 0.01  # from now on: however long it takes to connect
        listening = asyncio.create_task(connection.run(print))

        with pytest.raises(VoxtaUnavailable, match="was lost"):
            await connection.invoke(more_than_systems_buffer)
        with pytest.raises(VoxtaUnavailable, match="does not read"):
            await listening
        assert hub.transport is not None
        hub.transport.abort()  # or both ends would wait for what was sent to be read

    assert hub.messages == []


async def test_a_server_that_falls_silent_counts_as_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalr, "SILENCE_LIMIT", 0.05)
    async with connected(Hub()) as connection:
        with pytest.raises(VoxtaUnavailable, match="silent"):
            await connection.run(print)


async def test_connections_of_one_process_are_looked_after_in_the_same_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    for now in (1001.0, 1004.0):
        hub = HubConnection(cast(Any, None), 10.0, print)
        hub._heard_at = now
        assert await goes_on_at(hub._watch(), now, monkeypatch) == 1010.0
