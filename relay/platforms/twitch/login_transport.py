"""Hearing the channels as the account that is logged in: one session, and the subscriptions end with it."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial

from twitchio.models.eventsub_ import EventsubSubscription

from relay.errors import PlatformError
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.failures import FAILURES, translate
from relay.platforms.twitch.socket import EventSocket
from relay.platforms.twitch.sources import EventSource, Key, Wanted, key, wanted
from relay.platforms.twitch.status import TwitchStatus, settled
from relay.platforms.twitch.transport import EventTransport
from relay.system.backoff import LossPauses
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)
AGAIN_AT_MOST = 30.0
"""Seconds at most between two sessions that end before everything is subscribed, or soon after."""


class LoginTransport(EventTransport):
    """One session after the other."""

    def __init__(
        self, connection: TwitchConnection, sources: Sequence[EventSource], status: TwitchStatus, every: float
    ) -> None:
        """`every` so many seconds the subscriptions are looked at."""
        super().__init__()
        self._connection = connection
        self._sources = sources
        self._status = status
        self._every = every
        self._attention = asyncio.Event()
        """It is worth a look before that."""
        self._sessions: set[str] = set()
        """The ids of all sessions so far."""
        self._pauses = LossPauses(0.25, AGAIN_AT_MOST)

    def channels_changed(self) -> None:
        """See EventTransport."""
        self._attention.set()

    async def run(self) -> None:
        """See EventTransport."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._status.unheard("connecting")
                socket: EventSocket | None = await self._status.patiently(self._open)
                while socket is not None:
                    successor = await self._serve(socket)
                    tasks.create_task(socket.retire())
                    socket = successor
                await asyncio.sleep(self._pauses.next())

    async def _open(self) -> EventSocket:
        try:
            return await EventSocket.open(self._connection.client, self._connection.account.id, self._attention)
        except FAILURES as error:
            raise translate(error, "connecting to EventSub") from None

    async def _serve(self, socket: EventSocket) -> EventSocket | None:
        """Keep the subscriptions up until the session ends. Its successor when Twitch asks to move, else None."""
        async with asyncio.TaskGroup() as tasks:
            upkeep = tasks.create_task(self._upkeep(socket))
            await socket.over()
            upkeep.cancel()
        successor = await socket.successor()
        if successor is None:
            log.warning("the connection to Twitch was lost; connecting again")
        return successor

    async def _upkeep(self, socket: EventSocket) -> None:
        while True:
            await self._status.patiently(self._check, socket)
            self._status.heard(for_pages(f"connected as {self._connection.account.login} to {self._connection.named}"))
            self._pauses.is_well()
            await settled(self._attention, self._every)

    async def _check(self, socket: EventSocket) -> None:
        await self._connection.keep_login()
        if self._connection.account.id != socket.account:
            socket.ended.set()  # somebody logged in with another account, which needs a session of its own
            return
        connection = self._connection
        asked = wanted(self._sources, connection.account, connection.channels)
        await self._reconciler.reconcile(_Session(connection, socket, self._sessions), asked)


class _Session:
    """See Carrier."""

    at_once = 1

    def __init__(self, connection: TwitchConnection, socket: EventSocket, sessions: set[str]) -> None:
        """`sessions` are the ids of all so far, to which this one's are added."""
        self._connection = connection
        self._socket = socket
        self._sessions = sessions

    @property
    def id(self) -> str:
        return str(self._socket.session_id)

    @property
    def is_over(self) -> bool:
        return self._socket.ended.is_set()

    async def present(self) -> Mapping[Key, str]:
        account, socket = self._connection.account.id, self._socket

        async def ask() -> list[EventsubSubscription]:
            listed = await self._connection.client.fetch_eventsub_subscriptions(token_for=account, status="enabled")
            return [item async for item in listed.subscriptions if item.id not in socket.revoked]

        items = await self._connection.call(ask, "reading the subscriptions")
        await self._clear_away(
            [item for item in items if item.cost and item.transport.session_id in self._sessions - socket.sessions]
        )
        self._sessions |= socket.sessions
        return {
            key(item.type, item.condition): item.id for item in items if item.transport.session_id in socket.sessions
        }

    async def _clear_away(self, leftovers: Sequence[EventsubSubscription]) -> None:
        """Twitch goes on counting the cost of a connection that broke until it notices."""
        for item in leftovers:
            try:
                await self.unsubscribe(item.id)
            except PlatformError as error:
                if error.retryable:
                    raise
                log.debug("%s", error)  # Twitch has noticed meanwhile

    async def subscribe(self, wanted: Wanted) -> None:
        connection = self._connection
        await connection.call(
            lambda: connection.client.subscribe_websocket(
                wanted.payload, as_bot=False, token_for=connection.account.id, socket_id=self.id
            ),
            "subscribing",
        )

    async def unsubscribe(self, id: str) -> None:
        connection = self._connection
        end = partial(connection.client.delete_eventsub_subscription, id, token_for=connection.account.id)
        await connection.call(end, "ending a subscription")

    def is_unknown(self, why: str) -> bool:
        if "session" in why:
            self._socket.ended.set()  # Twitch knows the session no more
        return "session" in why
