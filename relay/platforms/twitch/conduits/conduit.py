"""The relay's conduit at Twitch: found again over restarts, made when it is missing, and what its shards are."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from relay.errors import ConfigError, InboxError, PlatformError, PlatformUnavailable
from relay.platforms.base import Notes
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.settings import TwitchSection

log = logging.getLogger(__name__)
MAX_CONDUITS: Final = 5
"""An application may have: https://dev.twitch.tv/docs/api/reference/#create-conduits"""


@dataclass(frozen=True)
class ConduitShard:
    """One of the connections among which Twitch shares a conduit's events out, as Twitch sees it."""

    number: int
    is_enabled: bool
    session: str
    """The id of the WebSocket session that serves it or did so last."""
    callback: str = ""
    """The address that does, where it is a webhook."""
    status: str = ""
    """As Twitch names it."""

    @property
    def is_pending(self) -> bool:
        """Whether Twitch is finding out if the callback is ours."""
        return self.status == "webhook_callback_verification_pending"


class Conduit:
    """Use `find` first. Everything raises PlatformUnavailable or RateLimited to try again, and PlatformError when
    Twitch refuses; then it may be gone, and `find` gets another one."""

    def __init__(self, connection: TwitchConnection, settings: TwitchSection, notes: Notes) -> None:
        self._connection = connection
        self._settings = settings
        self._notes = notes
        self._note = f"twitch.conduit.{settings.client_id}"
        self.id = ""
        self.is_new = False
        """It was made in this run, so that nothing is subscribed yet."""

    async def find(self) -> None:
        """Have the conduit of the settings, or the one that was noted; else make one and note it.

        Raises ConfigError when there is no room for another.
        """
        there = await self._existing()
        wished = self._settings.conduit
        if wished and wished not in there:
            raise ConfigError(f"twitch.conduit: the application has no conduit {wished}, but {_listed(there)}")
        self.id = wished or await self._noted() or ""
        if self.id not in there:
            self.id = await self._made(there)
        elif there[self.id] != self._settings.shards:
            resize = partial(self._connection.client.http.update_conduits, self.id, shard_count=self._settings.shards)
            await self._connection.call_as_app(resize, "setting the number of shards")

    async def agree(self) -> None:
        """Where another process, that began at the same time, has noted another one: have that, and end ours."""
        noted = await self._noted()
        if self._settings.conduit or noted in (None, self.id):
            return
        ours, self.id = self.id, str(noted)
        log.info("another process has the conduit %s; that counts", noted)
        try:
            end = partial(self._connection.client.http.delete_conduit, ours)
            await self._connection.call_as_app(end, "ending a conduit that nobody needs")
        except PlatformError as error:
            if error.retryable:
                raise
            log.debug("%s", error)  # it has ended already

    async def shards(self) -> list[ConduitShard]:
        """Those that somebody has served, by their numbers; Twitch goes on listing some that it was told to drop."""

        async def ask() -> list[ConduitShard]:
            http = self._connection.client.http
            return [
                ConduitShard(
                    int(shard.id),
                    shard.status == "enabled",
                    shard.session_id or "",
                    shard.callback or "",
                    shard.status,
                )
                async for shard in http.get_conduit_shards(self.id)
            ]

        listed = await self._connection.call_as_app(ask, "reading the shards")
        known = {shard.number: shard for shard in listed}
        return [known.get(number, ConduitShard(number, False, "")) for number in range(self._settings.shards)]

    async def assign(self, transports: Mapping[int, Mapping[str, str]]) -> dict[int, str]:
        """Have these serve shards, by their numbers: why not, by the numbers of those that Twitch refuses.

        What a transport is made of: https://dev.twitch.tv/docs/api/reference/#update-conduit-shards
        """
        shards = [{"id": str(number), "transport": transport} for number, transport in transports.items()]
        http = self._connection.client.http
        answer = await self._connection.call_as_app(
            lambda: http.update_conduit_shards(self.id, shards=shards),  # type: ignore[arg-type]
            "serving shards",
        )
        return {int(error["id"]): str(error["message"]) for error in answer.get("errors", ())}

    async def _existing(self) -> dict[str, int]:
        """The shards of each of the application's conduits."""
        listed = await self._connection.call_as_app(self._connection.client.fetch_conduits, "reading the conduits")
        return {conduit.id: conduit.shard_count for conduit in listed}

    async def _made(self, there: Mapping[str, int]) -> str:
        if len(there) >= MAX_CONDUITS:
            raise ConfigError(
                f"the Twitch application has {_listed(there)}, and Twitch allows {MAX_CONDUITS}: set twitch.conduit to "
                "one that nobody uses any more, or wait; Twitch ends one whose shards were all idle for 72 hours"
            )
        client = self._connection.client
        made = await self._connection.call_as_app(
            lambda: client.create_conduit(self._settings.shards), "making a conduit"
        )
        self.is_new = True
        await self._keep(made.id)
        log.info("made the conduit %s at Twitch", made.id)
        return str(made.id)

    async def _noted(self) -> str | None:
        try:
            return await self._notes.get_note(self._note)
        except InboxError as error:
            raise PlatformUnavailable(f"what is known of the conduit cannot be read: {error}") from None

    async def _keep(self, id: str) -> None:
        try:
            await self._notes.set_note(self._note, id)
        except InboxError as error:
            raise PlatformUnavailable(f"the conduit {id} cannot be noted: {error}") from None


def _listed(there: Mapping[str, int]) -> str:
    return f"{len(there)} conduits ({', '.join(there)})" if there else "none"
