"""The SignalR hub: negotiation, the WebSocket, and its invocations."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from tests.doubles.voxta import signalr
from tests.doubles.voxta.access import Access
from tests.doubles.voxta.checks import Message, problem
from tests.doubles.voxta.client import HubClient
from tests.doubles.voxta.faults import SendFault
from tests.doubles.voxta.requests import Refused, Requests
from tests.doubles.voxta.switches import Negotiation, Switches
from tests.doubles.voxta.wire import Wire

_FAILED: Final = "Failed to invoke '{}' due to an error on the server."


class Hub:
    def __init__(self, switches: Switches, access: Access, wire: Wire, requests: Requests) -> None:
        self._switches = switches
        self._access = access
        self._wire = wire
        self._requests = requests
        self._tokens: set[str] = set()
        self.clients: list[HubClient] = []
        self.faults: list[SendFault] = []
        """The first is used up by the next `send`."""
        self.received: list[Message] = []
        """Every message that could be read, in order."""
        self.unreadable: list[str] = []
        """What was wrong with each of the others."""

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hub/negotiate", self._negotiate), web.get("/hub", self._serve)]

    async def close(self) -> None:
        """Say goodbye to everybody, as a server does that will be back."""
        for client in tuple(self.clients):
            await client.put(signalr.close(allow_reconnect=True))
            await client.socket.close()

    def drop(self) -> None:
        """Cut every connection, without a goodbye."""
        for client in tuple(self.clients):
            client.drop()

    async def _negotiate(self, request: web.Request) -> web.Response:
        if self._switches.negotiation is Negotiation.ABSENT:
            raise web.HTTPNotFound
        self._admit(request)
        token = secrets.token_urlsafe(12)
        self._tokens.add(token)
        transports = [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]
        answer = {"negotiateVersion": 1, "connectionId": secrets.token_urlsafe(12), "connectionToken": token}
        return web.json_response(answer | {"availableTransports": transports})

    def _admit(self, request: web.Request) -> str | None:
        key = self._access.key(request)
        if self._access.turns_away(key):
            raise web.HTTPUnauthorized
        return key

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        key = self._admit(request)
        token = request.query.get("id")
        if token is None and self._switches.negotiation is Negotiation.REQUIRED:
            raise web.HTTPBadRequest(text="Connection ID required")
        if token is not None and token not in self._tokens:
            raise web.HTTPNotFound(text="No Connection with that ID")
        socket = web.WebSocketResponse(timeout=0.1, max_msg_size=1 << 20)
        await socket.prepare(request)
        client = HubClient(request, socket, self._wire, key)
        self.clients.append(client)
        try:
            await self._converse(client)
        finally:
            self.clients.remove(client)
            await self._requests.gone(client)
        return socket

    async def _converse(self, client: HubClient) -> None:
        records = signalr.Records()
        greeted = False
        async for frame in client.socket:
            try:
                arrived = records.feed(frame.data)
            except signalr.BadRecord as error:
                self.unreadable.append(str(error))
                await client.put(signalr.close("Connection closed with an error.", allow_reconnect=False))
                return
            for record in arrived:
                if greeted:
                    await self._take(client, record)
                elif not (greeted := await self._greet(client, record)):
                    return

    async def _greet(self, client: HubClient, record: signalr.Record) -> bool:
        wrong = signalr.handshake_problem(record)
        await client.put({} if wrong is None else {"error": wrong})
        return wrong is None

    async def _take(self, client: HubClient, record: signalr.Record) -> None:
        if record.get("type") == signalr.CLOSE:
            await client.socket.close()
        if record.get("type") != signalr.INVOCATION:
            return
        id, target, arguments = record.get("invocationId"), record.get("target"), record.get("arguments")
        if target != "SendMessage":
            self.unreadable.append(f"unknown hub method {target!r}")
            await client.complete(id, f"Unknown hub method '{target}'")
        elif wrong := problem(arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else None):
            self.unreadable.append(wrong)
            await client.complete(id, _FAILED.format(target))
        else:
            await self._invoke(client, id, _single(arguments))

    async def _invoke(self, client: HubClient, id: str | None, message: Message) -> None:
        fault = self.faults.pop(0) if message["$type"] == "send" and self.faults else None
        if fault is SendFault.LOST:
            return client.drop()
        self.received.append(message)
        if fault is SendFault.UNCONFIRMED:
            await self._carry_out(client, message)
            return client.drop()
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: client.complete(id),
            lambda: self._refuse(client, message) if fault is SendFault.REFUSED else self._carry_out(client, message),
        ]
        for step in steps if self._switches.completion_first else reversed(steps):
            await step()
        if fault is SendFault.CONFIRMED:
            client.drop()

    async def _refuse(self, client: HubClient, message: Message) -> None:
        await client.send(Refused("The message could not be queued.", message["sessionId"]).told)

    async def _carry_out(self, client: HubClient, message: Message) -> None:
        try:
            await self._requests.carry_out(client, message)
        except Refused as refusal:
            await client.send(refusal.told)


def _single(arguments: Any) -> Message:
    (message,) = arguments
    assert isinstance(message, dict)
    return message
