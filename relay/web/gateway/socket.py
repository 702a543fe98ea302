"""The WebSocket of a gateway: a subscription first, then the state, then events; subscriptions may change."""

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web
from pydantic import BaseModel, Field, ValidationError

from relay.web.gateway.state import GatewayState
from relay.web.gateway.subscribers import ALL, Subscriber, Subscribers

PATIENCE: Final = 10.0
"""Seconds a new client has to subscribe."""
SEND_LIMIT: Final = 10.0
"""Seconds one event may take to be sent, before a client counts as dead."""
HEARTBEAT: Final = 20.0
"""Seconds between the pings that find dead clients."""
MESSAGE_LIMIT: Final = 65_536
"""Bytes of a client's message."""
REFUSED: Final = 4000
"""The close code for a client that does not subscribe."""


class Subscription(BaseModel):
    """What a client asks for."""

    client_id: str | None = Field(None, min_length=1, max_length=100)
    events: list[str] = Field([ALL], max_length=100)
    filters: dict[str, list[str]] = {}


class Sockets:
    """Serves `/ws`."""

    def __init__(self, clients: Subscribers, look: Callable[[], GatewayState]) -> None:
        """`look` tells the others what has changed, and returns how it is now."""
        self._clients = clients
        self._look = look

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One client, until it goes."""
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=MESSAGE_LIMIT, timeout=1.0)
        await socket.prepare(request)
        subscription = await self._subscription(socket)
        if subscription is None:
            return socket
        snapshot = {"type": "snapshot", "state": self._look().model_dump()}
        client = self._clients.add(subscription.client_id or f"anon-{secrets.token_hex(4)}")
        client.subscribe(subscription.events, subscription.filters)
        writer = asyncio.create_task(_write(socket, client, json.dumps(snapshot)))
        try:
            await self._read(socket, client)
        finally:
            self._clients.remove(client)
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return socket

    async def _subscription(self, socket: web.WebSocketResponse) -> Subscription | None:
        """The first message; None, with the socket closed, when it is no subscription."""
        problem = "Subscription timeout"
        with suppress(TimeoutError):
            message = await socket.receive(timeout=PATIENCE)
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return None
            try:
                return _subscribe(_object(message.data))
            except ValueError as error:
                problem = str(error)
        await socket.close(code=REFUSED, message=problem.encode()[:120])
        return None

    async def _read(self, socket: web.WebSocketResponse, client: Subscriber) -> None:
        async for message in socket:
            try:
                frame = _object(message.data)
                if frame.get("type") == "ping":
                    client.queue.put_nowait('{"type": "pong"}')
                elif frame.get("type") == "subscribe":
                    subscription = _subscribe(frame)
                    client.subscribe(subscription.events, subscription.filters)
                else:
                    raise ValueError(f"type {frame.get('type')!r:.40} is neither subscribe nor ping")
            except (ValueError, asyncio.QueueFull) as error:
                with suppress(asyncio.QueueFull):
                    client.queue.put_nowait(json.dumps({"type": "error", "message": str(error)[:300]}))


def _object(data: object) -> dict[str, Any]:
    try:
        frame = json.loads(data) if isinstance(data, str | bytes) else None
    except (ValueError, RecursionError):
        frame = None
    if not isinstance(frame, dict):
        raise ValueError("a message has to be a JSON object")
    return frame


def _subscribe(frame: dict[str, Any]) -> Subscription:
    if frame.get("type") != "subscribe":
        raise ValueError("First message must be subscribe")
    try:
        return Subscription.model_validate({key: value for key, value in frame.items() if value is not None})
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None


async def _write(socket: web.WebSocketResponse, client: Subscriber, first: str) -> None:
    """Send what waits; a client that takes nothing is closed."""
    text: str | None = first
    try:
        while text is not None:
            async with asyncio.timeout(SEND_LIMIT):
                await socket.send_str(text)
            text = await client.queue.get()
    except (TimeoutError, ConnectionError):
        pass
    await socket.close()
