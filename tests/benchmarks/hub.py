"""A Voxta hub in a process of its own that does nothing but take messages, and knows when each came.

It answers each call, tells everybody in its one chat what was said there, and never replies: what is measured through
it is the way to it. It prints its address on standard output; `GET /arrivals` tells what came. Times are seconds of the
machine's monotonic clock, which all processes on it share. `GET /arrivals?after=N` leaves out the first N.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from subprocess import PIPE
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from relay.wire import signalr

CHAT = {"sessionId": "session", "chatId": "chat"}
PEOPLE = {"user": {"id": "u", "name": "Sam"}, "characters": [{"id": "v", "name": "Vox"}]}
WELCOME = {"$type": "welcome", **PEOPLE, "voxtaServerVersion": "1.0.0", "apiVersion": "2025-11"}


class CountingHub:
    """`arrivals` are texts with the times they came at, in that order. `apart`: whoever comes has a chat alone."""

    def __init__(self, *, apart: bool = False) -> None:
        self._apart = apart
        self.arrivals: list[tuple[str, float]] = []
        self._joined: set[web.WebSocketResponse] = set()

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/hub/negotiate", self._negotiate), web.get("/hub", self._serve)])
        app.add_routes([web.get("/arrivals", self._tell_arrivals)])
        return app

    async def _negotiate(self, _: web.Request) -> web.Response:
        transports = [{"transport": "WebSockets", "transferFormats": ["Text"]}]
        return web.json_response({"connectionToken": "t", "connectionId": "c", "availableTransports": transports})

    async def _tell_arrivals(self, request: web.Request) -> web.Response:
        return web.json_response(self.arrivals[int(request.query.get("after", 0)) :])

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        records = signalr.Records()
        pinging = asyncio.create_task(_ping(socket))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    came = time.monotonic()
                    taken = [self._take(frame, socket, came) for frame in records.feed(message.data)]
                    await self._send([answer for answers in taken for answer in answers], socket)
        finally:
            pinging.cancel()
            self._joined.discard(socket)
        return socket

    async def _send(self, answers: list[tuple[signalr.Frame, bool]], socket: web.WebSocketResponse) -> None:
        """What came together is answered together; what is marked so goes to everybody else in the chat, too."""
        if answers:
            await socket.send_str("".join(signalr.encode(frame) for frame, _ in answers))
        shown = "".join(signalr.encode(frame) for frame, is_shown in answers if is_shown)
        for other in self._joined - {socket} if shown and not self._apart else ():
            await other.send_str(shown)

    def _take(
        self, frame: signalr.Frame, socket: web.WebSocketResponse, came: float
    ) -> list[tuple[signalr.Frame, bool]]:
        if frame.get("protocol"):
            return [(signalr.HANDSHAKE_OK, False)]
        if frame.get("type") != signalr.INVOCATION:
            return []
        message = frame["arguments"][0]
        told = [(_message(each), False) for each in self._answers(message, socket)]
        if message["$type"] == "send":
            self.arrivals.append((message["text"], came))
            told = [(_message(_shown(message["text"], len(self.arrivals))), True)]
        return [(signalr.completion(frame["invocationId"]), False), *told]

    def _answers(self, message: Mapping[str, Any], socket: web.WebSocketResponse) -> list[Mapping[str, Any]]:
        match message["$type"]:
            case "authenticate":
                return [WELCOME, {"$type": "chatsSessionsUpdated", "sessions": [CHAT | PEOPLE]}]
            case "subscribeToChat":
                self._joined.add(socket)
                return [{"$type": "chatStarted", **CHAT, **PEOPLE, "messages": []}]
            case "updateContext":
                return [{"$type": "contextUpdated", **CHAT, "flags": []}]
        return []


async def _ping(socket: web.WebSocketResponse) -> None:
    """Or who is in a quiet chat takes the hub for dead."""
    while not socket.closed:
        await asyncio.sleep(signalr.PING_EVERY)
        await socket.send_str(signalr.encode(signalr.PING_FRAME))


def _message(payload: Mapping[str, Any]) -> signalr.Frame:
    return signalr.invocation("ReceiveMessage", dict(payload))


def _shown(text: str, number: int) -> Mapping[str, Any]:
    body = text.removeprefix("/noreply ")
    return {"$type": "update", **CHAT, "messageId": f"m{number}", "text": body, "role": "User", "index": number}


async def serve(*, apart: bool) -> None:
    runner = web.AppRunner(CountingHub(apart=apart).app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


@asynccontextmanager
async def hub(*, apart: bool = False) -> AsyncIterator[str]:
    """The address of a new one, for as long as the context lasts; see CountingHub."""
    given = ["--apart"] if apart else []
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.benchmarks.hub", *given, stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            url = (await process.stdout.readline()).decode().strip()
        yield url
    finally:
        process.kill()
        await process.wait()


async def arrivals(url: str, after: int = 0) -> list[tuple[str, float]]:
    """What came to the hub at this address until now, but for the first so many."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/arrivals?after={after}") as answer:
        return [(text, at) for text, at in json.loads(await answer.read())]


if __name__ == "__main__":
    asyncio.run(serve(apart="--apart" in sys.argv))
