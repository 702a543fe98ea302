"""Keeps shards of a conduit on living WebSocket sessions: this process's own, and those nobody else serves."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from relay.errors import PlatformError
from relay.platforms.twitch.conduits.conduit import Conduit
from relay.platforms.twitch.conduits.seats import Seats
from relay.platforms.twitch.connection import TwitchClient
from relay.platforms.twitch.failures import FAILURES, translate
from relay.platforms.twitch.socket import EventSocket
from relay.platforms.twitch.status import TwitchStatus
from relay.system.backoff import LossPauses

log = logging.getLogger(__name__)
OWNER = "conduit"
"""Under which TwitchIO keeps the sockets; they are nobody's login."""
LOOK_EVERY = 2.0
"""Seconds between two looks at who serves what: 30 of the 800 calls that Twitch allows in a minute."""
LOOK_AGAIN = 0.2
"""Seconds between two looks, however much happens."""
PATIENCE = 2.0
"""The longest wait between two tries, in seconds: a shard is to be served again within ten."""


class ConduitShards:
    """Use `run`. Its sessions hand what they hear to the client."""

    def __init__(
        self,
        conduit: Conduit,
        seats: Seats,
        client: Callable[[], TwitchClient],
        status: TwitchStatus,
        news: asyncio.Event,
    ) -> None:
        """`news` is set when subscriptions were taken away, and when other shards are served than before."""
        self._conduit = conduit
        self._seats = seats
        self._client = client
        self._status = status
        self._news = news
        self.attention = asyncio.Event()
        """Set when it is worth a look who serves what."""
        self._held: dict[int, EventSocket] = {}
        self._pauses = LossPauses(LOOK_AGAIN, PATIENCE)
        self._pause = 0.0
        """Seconds before the next look, after connections were lost."""
        self.revoked: set[str] = set()
        """The ids of subscriptions Twitch has taken away; who has looked after them empties it."""
        self.served = asyncio.Event()
        """Set while somebody serves a shard."""

    def __len__(self) -> int:
        """How many this process serves."""
        return len(self._held)

    async def run(self) -> None:
        """Serve until cancelled. Raises what only a person mends."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await asyncio.sleep(self._pause)
                self._pause = 0.0
                self.attention.clear()
                before = len(self)
                await self._status.patiently(self._look, tasks, at_most=PATIENCE)
                self._pauses.is_well()
                if self.revoked or len(self) != before:
                    self._news.set()
                await asyncio.sleep(LOOK_AGAIN)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await self.attention.wait()

    async def vacate(self, numbers: Sequence[int]) -> None:
        """Have nobody serve them: a session that ends at once is given to each, as Twitch takes no shard back.

        Raises PlatformError.
        """
        sockets: dict[int, EventSocket] = {}
        try:
            for number in numbers:
                sockets[number] = await self._open()
            await self._conduit.assign(_by_sockets(sockets))
        finally:
            await asyncio.gather(*(socket.close() for socket in sockets.values()))

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        try:
            shards = await self._conduit.shards()
        except PlatformError as error:
            if not error.retryable:
                await self._conduit.find()
            raise
        moves = self._seats.moves(shards, {number: socket.sessions for number, socket in self._held.items()})
        for number in moves.leave:
            tasks.create_task(self._held.pop(number).retire())
        if moves.take:
            await self._take(moves.take, tasks)
        is_served = bool(self._held) or any(shard.is_enabled for shard in shards)
        (self.served.set if is_served else self.served.clear)()

    async def _take(self, numbers: Sequence[int], tasks: asyncio.TaskGroup) -> None:
        sockets: dict[int, EventSocket] = {}
        try:
            for number in numbers:
                sockets[number] = await self._open()
            refused = await self._conduit.assign(_by_sockets(sockets))
        except BaseException:
            await asyncio.gather(*(socket.close() for socket in sockets.values()))
            raise
        for number, socket in sockets.items():
            if number in refused:
                await socket.close()
            else:
                self._held[number] = socket
                self._seats.taken(number)
                tasks.create_task(self._serve(number, socket, tasks))
        if refused:
            raise PlatformError(f"Twitch refused to have shards served: {'; '.join(refused.values())}")

    async def _open(self) -> EventSocket:
        try:
            socket = await EventSocket.open(self._client(), OWNER, self.attention)
        except FAILURES as error:
            raise translate(error, "connecting to EventSub") from None
        socket.revoked = self.revoked
        return socket

    async def _serve(self, number: int, first: EventSocket, tasks: asyncio.TaskGroup) -> None:
        """Read until the session is over; where Twitch asks to move, its successor serves the shard."""
        socket: EventSocket | None = first
        while socket is not None:
            await socket.over()
            successor = await socket.successor()
            if self._held.get(number) is socket:
                self._hand_over(number, socket, successor)
            tasks.create_task(socket.retire())
            socket = successor

    def _hand_over(self, number: int, socket: EventSocket, successor: EventSocket | None) -> None:
        if successor is not None:
            self._held[number] = successor
            return
        log.warning("the connection of shard %d was lost; connecting again", number)
        del self._held[number]
        self._seats.lost(number, socket.sessions)
        self._pause = self._pause or self._pauses.next()
        self.attention.set()


def _by_sockets(sockets: Mapping[int, EventSocket]) -> Mapping[int, Mapping[str, str]]:
    """The transports of shards that these serve."""
    return {number: {"method": "websocket", "session_id": str(socket)} for number, socket in sockets.items()}
