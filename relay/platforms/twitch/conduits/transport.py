"""Hearing the channels by a conduit: the application subscribes, and what it has subscribed outlives connections."""

import asyncio
import time
from collections.abc import Sequence

from relay.platforms.base import Notes
from relay.platforms.twitch.conduits.conduit import Conduit
from relay.platforms.twitch.conduits.consents import Consents
from relay.platforms.twitch.conduits.seats import Seats
from relay.platforms.twitch.conduits.shards import ConduitShards
from relay.platforms.twitch.conduits.subscribed import Subscribed
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.sources import EventSource, wanted
from relay.platforms.twitch.status import TwitchStatus, settled
from relay.platforms.twitch.subscriptions import Reconciler


class ConduitTransport:
    """See EventTransport. Several processes with the same settings and notes share one conduit."""

    def __init__(
        self,
        settings: TwitchSection,
        connection: TwitchConnection,
        sources: Sequence[EventSource],
        status: TwitchStatus,
        notes: Notes,
    ) -> None:
        self._settings = settings
        self._connection = connection
        self._sources = sources
        self._status = status
        self._news = asyncio.Event()
        own = settings.shard_ids or range(settings.shards)
        self._conduit = Conduit(connection, settings, notes)
        self._shards = ConduitShards(
            self._conduit, Seats(own, time.monotonic), lambda: connection.client, status, self._news
        )
        self._consents = Consents(connection, time.monotonic)
        self._reconciler = Reconciler(time.monotonic)
        self._subscribed: Subscribed

    @property
    def live(self) -> frozenset[tuple[str, str]]:
        """See EventTransport."""
        return self._reconciler.live

    @property
    def trouble(self) -> str:
        """See EventTransport."""
        return self._reconciler.trouble

    def channels_changed(self) -> None:
        """See EventTransport."""
        self._news.set()

    async def run(self) -> None:
        """See EventTransport."""
        self._status.unheard("connecting")
        await self._status.patiently(self._conduit.find)
        self._subscribed = Subscribed(self._connection, self._conduit, self._shards.revoked, time.monotonic)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shards.run())
            while True:
                if not self._shards.served.is_set():
                    self._status.unheard("connecting")
                    await self._shards.served.wait()
                    if not self._conduit.is_new:
                        self._status.heard(self._state())  # what was subscribed before is told already
                await self._status.patiently(self._check, at_most=self._settings.reconcile_every)
                self._status.heard(self._state())
                await settled(self._news, self._settings.reconcile_every)

    async def _check(self) -> None:
        connection = self._connection
        await connection.keep_login()
        await self._conduit.agree()
        consents = await self._consents.of(connection.channels)
        asked = wanted(self._sources, connection.account, connection.channels, consents)
        await self._reconciler.reconcile(self._subscribed, asked)

    def _state(self) -> str:
        account, here, all = self._connection.account.login, len(self._shards), self._settings.shards
        return f"connected as {account} to {self._connection.named} by a conduit, {here} of {all} shards here"
