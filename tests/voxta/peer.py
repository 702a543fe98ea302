"""The far end of the wire in plain JSON: one open chat, every call taken, and a test may say whatever it likes."""

import json
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import WSMsgType, web

from tests.voxta.said import CHAT, SESSION, of_type

SEPARATOR: Final = "\x1e"


class Peer:
    """`async with` starts and stops it. It takes every call."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.connections = 0
        self.started = of_type("chatStarted") | {"sessionId": SESSION, "chatId": CHAT}
        """What it says of the chat that is joined."""
        self._socket: web.WebSocketResponse | None = None
        app = web.Application()
        app.router.add_post("/hub/negotiate", self._negotiate)
        app.router.add_get("/hub", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def say(self, *messages: Any) -> None:
        """Give the newest client these, one invocation each."""
        frames = [{"type": 1, "target": "ReceiveMessage", "arguments": [message]} for message in messages]
        await self.write(*frames)

    async def write(self, *frames: Any) -> None:
        assert self._socket is not None
        await self._socket.send_str("".join(json.dumps(frame) + SEPARATOR for frame in frames))

    def called(self, kind: str) -> list[dict[str, Any]]:
        return [call for call in self.calls if call["$type"] == kind]

    async def _negotiate(self, request: web.Request) -> web.Response:
        return web.json_response({"connectionToken": "t", "availableTransports": []})

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = self._socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                for record in filter(None, str(message.data).split(SEPARATOR)):
                    await self._take(json.loads(record))
        return socket

    async def _take(self, frame: dict[str, Any]) -> None:
        if "protocol" in frame:
            await self.write({})
        elif frame.get("type") == 1:
            call = frame["arguments"][0]
            self.calls.append(call)
            await self._answer(call)
            await self.write({"type": 3, "invocationId": frame["invocationId"]})

    async def _answer(self, call: dict[str, Any]) -> None:
        match call["$type"]:
            case "authenticate":
                await self.say(of_type("welcome"), of_type("chatsSessionsUpdated"))
            case "subscribeToChat":
                await self.say(self.started)
