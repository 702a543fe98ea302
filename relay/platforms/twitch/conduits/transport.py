"""Hearing the channels by a conduit: the application subscribes, and what it has subscribed outlives connections."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from relay.platforms.base import Notes
from relay.platforms.twitch.conduits.conduit import Conduit
from relay.platforms.twitch.conduits.consents import Consents
from relay.platforms.twitch.conduits.seats import Seats
from relay.platforms.twitch.conduits.shards import ConduitShards
from relay.platforms.twitch.conduits.subscribed import Subscribed
from relay.platforms.twitch.conduits.webhooks import WebhookShards
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.settings import TwitchSection
from relay.platforms.twitch.sources import EventSource, wanted
from relay.platforms.twitch.status import TwitchStatus, settled
from relay.platforms.twitch.transport import EventTransport


class ConduitTransport(EventTransport):
    """Several processes with the same settings and notes share one conduit."""

    def __init__(
        self,
        settings: TwitchSection,
        connection: TwitchConnection,
        sources: Sequence[EventSource],
        status: TwitchStatus,
        notes: Notes,
        stored: Callable[[], Awaitable[None]],
    ) -> None:
        """`stored` returns when all that was heard so far is safe."""
        super().__init__()
        self._settings = settings
        self._connection = connection
        self._sources = sources
        self._status = status
        self._news = asyncio.Event()
        self._conduit = Conduit(connection, settings, notes)
        self._shards = ConduitShards(
            self._conduit, Seats(settings.sockets_here, time.monotonic), lambda: connection.client, status, self._news
        )
        self._webhooks = self._built_webhooks(stored) if settings.webhooks_here else None
        self._consents = Consents(connection, time.monotonic)
        self._subscribed: Subscribed

    def _built_webhooks(self, stored: Callable[[], Awaitable[None]]) -> WebhookShards:
        connection = self._connection
        return WebhookShards(
            self._settings,
            self._conduit,
            lambda: connection.client,
            self._status,
            self._shards,
            stored,
        )

    @property
    def trouble(self) -> str:
        """See EventTransport."""
        webhooks = self._webhooks.trouble if self._webhooks is not None else ""
        return "; ".join(filter(None, (super().trouble, webhooks)))

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
            if self._webhooks is not None:
                tasks.create_task(self._webhooks.run())
            while True:
                if not self._shards.served.is_set():
                    self._status.unheard("connecting")
                    await self._shards.served.wait()
                    if not self._conduit.is_new:
                        self._status.heard(self._state())  # what was subscribed before is told already
                await self._status.patiently(self._check)
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
        webhooks = f" and {len(self._webhooks)} by webhook" if self._webhooks is not None else ""
        return f"connected as {account} to {self._connection.named} by a conduit, {here} of {all} shards here{webhooks}"
