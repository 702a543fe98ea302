"""What a conduit has subscribed. It outlives connections and runs, so Twitch is asked for all only now and then."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twitchio.eventsub import SubscriptionType
from twitchio.models.eventsub_ import EventsubSubscription

from relay.errors import PlatformError
from relay.platforms.twitch.conduits.conduit import Conduit
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.notifications import SHARD_DISABLED
from relay.platforms.twitch.sources import Key, Wanted, key

LIST_EVERY: Final = 300.0
"""Seconds between two looks at everything: a thousand channels are some 100 pages."""
if TYPE_CHECKING:
    from twitchio.types_.eventsub import SubscriptionCreateTransport

log = logging.getLogger(__name__)
SPARE: Final = 100
"""API calls of a minute that subscribing leaves to posts and shards."""
_EXISTS: Final = "(409 "


class Subscribed:
    """See Carrier."""

    at_once = 4

    def __init__(
        self, connection: TwitchConnection, conduit: Conduit, revoked: set[str], clock: Callable[[], float]
    ) -> None:
        """`revoked` are the ids Twitch has taken away; they are removed once they count no more."""
        self._connection = connection
        self._conduit = conduit
        self._revoked = revoked
        self._clock = clock
        self._known: dict[Key, str] = {}
        self._listed = ("", float("-inf"))
        """Of which conduit, and when."""

    @property
    def id(self) -> str:
        return self._conduit.id

    @property
    def is_over(self) -> bool:
        return self._listed[0] != self._conduit.id

    async def present(self) -> Mapping[Key, str]:
        conduit_id, listed = self._listed
        if conduit_id != self.id or self._clock() - listed >= LIST_EVERY:
            await self._list()
        self._known = {key: id for key, id in self._known.items() if id not in self._revoked}
        self._revoked.clear()
        return dict(self._known)

    async def subscribe(self, wanted: Wanted) -> None:
        try:
            id = await self._create(wanted.source.type, wanted.payload.version, wanted.payload.condition)
        except PlatformError as error:
            if _EXISTS not in str(error):
                raise
            self._listed = (self.id, float("-inf"))  # another process was quicker
        else:
            self._known[wanted.key] = id

    async def unsubscribe(self, id: str) -> None:
        end = partial(self._connection.client.delete_eventsub_subscription, id)
        try:
            await self._connection.call_as_app(end, "ending a subscription", spare=SPARE)
        finally:
            self._known = {key: each for key, each in self._known.items() if each != id}

    def is_unknown(self, why: str) -> bool:
        if "conduit" in why:
            self._listed = ("", float("-inf"))
        return "conduit" in why

    async def _list(self) -> None:
        conduit_id = self.id

        async def ask() -> list[EventsubSubscription]:
            listed = await self._connection.client.fetch_eventsub_subscriptions(conduit_id=conduit_id)
            return [item async for item in listed.subscriptions if item.status == "enabled"]

        items = await self._connection.call_as_app(ask, "reading the subscriptions")
        if all(item.type != SHARD_DISABLED for item in items):
            await self._hear_of_shards()
        self._known = {key(item.type, item.condition): item.id for item in items if item.type != SHARD_DISABLED}
        self._listed = (conduit_id, self._clock())

    async def _hear_of_shards(self) -> None:
        """Without it, what becomes of shards is seen a little later."""
        try:
            condition = {"client_id": self._connection.client_id, "conduit_id": self.id}
            await self._create(SHARD_DISABLED, "1", condition)
        except PlatformError as error:
            if error.retryable:
                raise
            log.info("%s", error)

    async def _create(self, type: str, version: str, condition: Any) -> str:
        http = self._connection.client.http
        transport: SubscriptionCreateTransport = {"method": "conduit", "conduit_id": self.id}
        answer = await self._connection.call_as_app(
            lambda: http.create_eventsub_subscription(
                type=SubscriptionType(type),
                version=version,
                condition=condition,
                transport=transport,
                token_for=None,
            ),
            "subscribing",
            spare=SPARE,
        )
        return str(answer["data"][0]["id"])
