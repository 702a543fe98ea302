"""What streamers have allowed the application."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from relay.platforms.twitch.connection import Channel, TwitchConnection

ASKED_AT_ONCE: Final = 10
"""People in one question: https://dev.twitch.tv/docs/api/reference/users/#get-authorization-by-user"""
LOOK_EVERY: Final = 300.0
"""Seconds between two looks at everybody: a thousand channels are 100 calls."""


class Consents:
    """Remembers for a while what Twitch said."""

    def __init__(self, connection: TwitchConnection, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._clock = clock
        self._known: dict[str, frozenset[str]] = {}
        self._looked = float("-inf")

    async def of(self, channels: Sequence[Channel]) -> Mapping[str, frozenset[str]]:
        """The scopes that the streamer of each channel has granted, by channel id. Raises as `call_as_app` does."""
        if self._clock() - self._looked >= LOOK_EVERY:
            self._known, self._looked = {}, self._clock()
        unknown = [channel.id for channel in channels if channel.id not in self._known]
        for start in range(0, len(unknown), ASKED_AT_ONCE):
            await self._ask(unknown[start : start + ASKED_AT_ONCE])
        return self._known

    async def _ask(self, ids: list[str]) -> None:
        http = self._connection.client.http
        answer = await self._connection.call_as_app(
            lambda: http.get_auth_by_user(ids), "reading what streamers have allowed"
        )
        granted = {user["user_id"]: frozenset(user["scopes"]) for user in answer["data"]}
        self._known |= {id: granted.get(id, frozenset()) for id in ids}
