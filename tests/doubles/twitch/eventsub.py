"""The EventSub WebSocket: sessions, their life, and what is sent on them."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from tests.doubles.twitch.state import State, Subscription, number, timestamp


class Session:
    """One WebSocket."""

    def __init__(self, request: web.Request, keepalive: float, predecessor: "Session | None") -> None:
        self.id = f"session-{number()}"
        self.request = request
        self.socket = web.WebSocketResponse()
        self.keepalive = keepalive
        self.predecessor = predecessor
        self.connected_at = timestamp()
        self.silent = False
        """Nothing is sent any more, though the connection stands."""
        self.forgotten = False
        """Twitch no longer knows the session, though the connection stands."""
        self.used = asyncio.Event()
        self.moved = asyncio.Event()
        """A successor was welcomed."""

    @property
    def open(self) -> bool:
        return self.socket.prepared and not self.socket.closed

    async def send(self, kind: str, payload: dict[str, Any], id: str | None = None, **metadata: str) -> bool:
        """Whether it went out."""
        if self.silent or not self.open:
            return False
        about = {"message_id": id or f"message-{number()}", "message_type": kind, "message_timestamp": timestamp()}
        with suppress(ConnectionError):
            await self.socket.send_json({"metadata": about | metadata, "payload": payload})
            return True
        return False

    def shown(self, status: str, url: str | None = None) -> dict[str, Any]:
        return {
            "session": {
                "id": self.id,
                "status": status,
                "keepalive_timeout_seconds": self.keepalive if url is None else None,
                "reconnect_url": url,
                "recovery_url": None,
                "connected_at": self.connected_at,
            }
        }


class Sessions:
    """All sockets of one Twitch."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._all: dict[str, Session] = {}
        self.keepalive: float | None = None
        """Overrules the keepalive a client asks for, in seconds; real Twitch allows 10 to 600."""
        self.unused_after = 10.0
        """Seconds until a session nobody subscribes on is closed with 4003."""
        self.welcoming = asyncio.Event()
        """Cleared, new sockets wait for their welcome."""
        self.welcoming.set()
        self.lists_old_ids = False
        """After a move, subscriptions are still shown with the id of the session they were made on."""
        self.notices_ends = True
        """Otherwise the subscriptions of connections that are gone still count, as for a while in
        https://github.com/Teekeks/pyTwitchAPI/issues/351."""
        self.opened = 0
        self.ended: list[Callable[[Session], Awaitable[None]]] = []
        """Told when a session is over."""
        self.moved: list[Callable[[Session, Session], Awaitable[None]]] = []
        """Told when a session has a successor."""

    @property
    def current(self) -> list[Session]:
        """Those that are open and were not asked to move away, or have not yet."""
        return [session for session in self._all.values() if session.open and not session.moved.is_set()]

    def get(self, id: str) -> Session | None:
        return self._all.get(id)

    def is_open(self, id: str) -> bool:
        session = self._all.get(id)
        return session is not None and session.open and not session.forgotten

    def subscribed(self, subscription: Subscription) -> None:
        if subscription.session_id:
            self.use(subscription.session_id)
        self._state.changes.happened()

    def use(self, id: str) -> None:
        """The session is there for something, and is not closed as unused."""
        self._all[id].used.set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Handles the WebSocket route."""
        asked = float(request.query.get("keepalive_timeout_seconds", 10))
        session = Session(request, self.keepalive or asked, self._all.get(request.query.get("moving", "")))
        await session.socket.prepare(request)
        self._all[session.id] = session
        self.opened += 1
        life = [asyncio.create_task(self._live(session)), asyncio.create_task(self._expire(session))]
        try:
            await self._read(session)
        finally:
            for task in life:
                task.cancel()
            await asyncio.gather(*life, return_exceptions=True)
            await self._end(session)
        return session.socket

    async def _read(self, session: Session) -> None:
        async for message in session.socket:
            if message.type is WSMsgType.TEXT:
                await session.socket.close(code=4001, message=b"client sent inbound traffic")

    async def _live(self, session: Session) -> None:
        await self.welcoming.wait()
        await session.send("session_welcome", session.shown("connected"))
        if session.predecessor is not None:
            self._move_subscriptions(session.predecessor, session)
            for told in self.moved:
                await told(session.predecessor, session)
        self._state.changes.happened()
        while True:
            await asyncio.sleep(session.keepalive * 0.8)
            await session.send("session_keepalive", {})

    async def _expire(self, session: Session) -> None:
        try:
            async with asyncio.timeout(self.unused_after):
                await session.used.wait()
        except TimeoutError:
            await session.socket.close(code=4003, message=b"connection unused")

    def _move_subscriptions(self, old: Session, new: Session) -> None:
        for subscription in self._state.subscriptions.values():
            if subscription.session_id == old.id and subscription.status == "enabled":
                subscription.session_id = new.id
                subscription.listed_under = old.id if self.lists_old_ids else None
                new.used.set()
        old.moved.set()

    async def _end(self, session: Session) -> None:
        for subscription in self._state.subscriptions.values():
            if subscription.session_id == session.id and self.notices_ends:
                subscription.status = "websocket_disconnected"
        for told in self.ended:
            await told(session)
        self._state.changes.happened()

    async def ask_to_move(self, session: Session, base: str) -> None:
        await session.send("session_reconnect", session.shown("reconnecting", f"{base}?moving={session.id}"))
