"""One EventSub session. TwitchIO reads it and builds the events; when it ends and what follows is decided elsewhere.

TwitchIO's own recovery stops reading the old socket while it moves to a new one, gives up for good after close code
4003 and forgets subscriptions it could not renew. So a session here only reports that it ended or is asked to move.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from twitchio.eventsub.websockets import Websocket

from relay.platforms.twitch.connection import TwitchClient
from relay.platforms.twitch.failures import FAILURES, translate
from relay.platforms.twitch.notifications import hand_on, is_about_shards, taken_away
from relay.system.backoff import LossPauses

if TYPE_CHECKING:
    from twitchio.types_.conduits import NotificationMessage, ReconnectMessage, RevocationMessage, WelcomeMessage

log = logging.getLogger(__name__)
CONNECT_TIMEOUT = 15.0
PING_EVERY = 5.0
"""Seconds without anything from Twitch after which it is asked for a pong, and half of that until it has to have come.

A line whose other end is gone tells nothing by itself. TwitchIO would ask after 15 seconds.
"""
OVERDUE = 1.3
"""Twitch promises a sign of life in so many seconds; after this many times that, the session counts as dead."""
LOOKS = 10
"""How often it is looked for a sign of life in that time."""
MOVE_AT_MOST = 10.0
"""Seconds at most until a session moves that is asked to again and again; Twitch waits for 30."""
HANDOVER_GRACE = 5.0
"""Seconds the old socket is still read after the new one was welcomed: what is on its way arrives."""


class EventSocket(Websocket):
    """TwitchIO's socket without its own reconnecting."""

    __slots__ = ("_attention", "_moves", "_patience", "_predecessors", "ended", "move_to", "revoked")

    def __init__(
        self,
        client: TwitchClient,
        token_for: str,
        attention: asyncio.Event,
        predecessors: frozenset[str] = frozenset(),
    ) -> None:
        """`attention` is set when Twitch tells of something that its owner should look after."""
        super().__init__(client=client, token_for=token_for, http=client.http)
        self._heartbeat = PING_EVERY  # type: ignore[assignment]
        self._patience = OVERDUE * self._keep_alive_timeout
        self._predecessors = predecessors
        self._attention = attention
        self._moves = LossPauses(0.05, MOVE_AT_MOST)
        self.ended = asyncio.Event()
        """Nothing will come any more."""
        self.move_to: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        """The address Twitch wants us to move to, once it asks."""
        self.revoked: set[str] = set()
        """The ids of subscriptions Twitch has taken away."""

    @property
    def account(self) -> str:
        """The id of the account it was opened for."""
        return str(self._token_for)

    @property
    def sessions(self) -> frozenset[str]:
        """The ids its subscriptions may be listed under: its own and those of the sockets it took over from."""
        return self._predecessors | {str(self.session_id)}

    @classmethod
    async def open(cls, client: TwitchClient, token_for: str, attention: asyncio.Event) -> Self:
        """Begin a session and wait for the welcome. Raises FAILURES."""
        socket = cls(client, token_for, attention)
        await socket._enter(None)
        return socket

    async def over(self) -> None:
        """Wait until nothing will come any more, or Twitch asks to move."""
        ended = asyncio.create_task(self.ended.wait())
        try:
            await asyncio.wait((ended, self.move_to), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()

    async def successor(self) -> Self | None:
        """Once it is over: its successor where Twitch asked to move, and subscriptions move along; else None."""
        if self.move_to.done():
            try:
                return await self._move()
            except FAILURES as error:
                log.warning("%s", translate(error, "moving to another EventSub server"))
        return None

    async def _move(self) -> Self:
        """Raises FAILURES."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._moves.next()):
                await self.ended.wait()
        socket = type(self)(self._require_client(), str(self._token_for), self._attention, self.sessions)
        socket.revoked, socket._moves = self.revoked, self._moves
        await socket._enter(await self.move_to)
        self._moves.is_well()
        return socket

    async def _enter(self, url: str | None) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self.connect(url=url, fail_once=True)
        except BaseException:
            await self.close()
            raise
        self._require_client()._websockets[str(self._token_for)][str(self.session_id)] = self

    def _require_client(self) -> TwitchClient:
        assert isinstance(self._client, TwitchClient)
        return self._client

    async def retire(self) -> None:
        """Read on until Twitch closes it or the grace is over, then close it."""
        try:
            async with asyncio.timeout(HANDOVER_GRACE):
                await self.ended.wait()
        except TimeoutError:
            pass
        finally:
            await self.close()

    async def close(self, cleanup: bool = True, *, reassociate: bool = True) -> None:
        self.ended.set()
        await super().close(cleanup, reassociate=reassociate)

    def _cleanup(self, closed: bool = True) -> None:
        self._closed = closed
        sockets = self._require_client()._websockets[str(self._token_for)]
        if sockets.get(str(self.session_id)) is self:  # its successor may bear the same session id
            del sockets[str(self.session_id)]

    async def _create_connection_task(self) -> None:
        self.ended.set()

    async def _process_welcome(self, data: "WelcomeMessage") -> None:
        self._patience = OVERDUE * float(data["payload"]["session"]["keepalive_timeout_seconds"])
        await super()._process_welcome(data)

    async def _process_notification(self, data: "NotificationMessage") -> None:
        if is_about_shards(data):
            self._attention.set()
        else:
            hand_on(self._require_client(), data)

    async def _process_revocation(self, data: "RevocationMessage") -> None:
        # TwitchIO stops reading at reasons it has no name for, and closes the socket with its last subscription
        lost = taken_away(data)
        self._subscriptions.pop(lost, None)
        self.revoked.add(lost)
        self._attention.set()

    async def _process_reconnect(self, data: "ReconnectMessage") -> None:
        if not self.move_to.done():
            self.move_to.set_result(data["payload"]["session"]["reconnect_url"])

    async def _process_keepalive(self) -> None:
        await overdue(lambda: self._last_keepalive, self._patience)
        self.ended.set()


async def overdue(
    sign: Callable[[], object], patience: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Return when the sign has been the same for `patience` seconds, at most a tenth of that later."""
    last, looks = sign(), 0
    while looks <= LOOKS:
        await sleep(patience / LOOKS)
        looks = looks + 1 if sign() == last else 0
        last = sign()
