"""Which part of its servers each connection of the bot is told of (Gateway, "Sharding"). Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from relay.errors import AuthError, PlatformUnavailable, RelayError
from relay.platforms.discord.settings import DiscordSection

INVALID_SHARD: Final = 4010
SHARDING_REQUIRED: Final = 4011
"""Opcodes and Status Codes, "Gateway Close Event Codes"."""
LIMIT: Final = 2_500
"""Servers of one shard, at most; Discord advises about 1,000."""


class GatewayShard(NamedTuple):
    """One shard of the bot."""

    id: int
    of: int
    """How many the bot has in all, in whatever processes."""

    def __str__(self) -> str:
        return f"shard {self.id} of {self.of}"


class Resharded(Exception):
    """The bot has another number of shards from now on."""


class Sharding:
    """How many shards the bot has: as the settings say, or as Discord advises when it is asked first.

    With `auto` there is one until Discord advises more, so that a small bot asks nothing more than it would anyway.
    """

    def __init__(self, settings: DiscordSection) -> None:
        self._is_set = settings.shards != "auto"
        self._ids = settings.shard_ids
        self._is_asked = self._is_set
        self._too_few = 0
        self.count = 1 if settings.shards == "auto" else settings.shards

    def here(self) -> Sequence[GatewayShard]:
        """Those that this process takes."""
        return [GatewayShard(id, self.count) for id in self._ids or range(self.count)]

    @property
    def is_whole(self) -> bool:
        """Whether this process takes all of them."""
        return len(self.here()) == self.count

    def advised(self, count: int) -> None:
        """Discord advises so many. Raises Resharded, or AuthError where it wants more than it advises."""
        if self._is_asked:
            return
        if count <= self._too_few:
            raise AuthError(
                f"discord.shards: Discord refuses {self._too_few} (4011) but advises {count}: set a larger number"
            )
        self._is_asked = True
        if count != self.count:
            self.count = count
            raise Resharded

    def refused(self, code: int, shard: GatewayShard) -> RelayError:
        """Why Discord closed the line of a shard with one of the codes of this module, and the fix."""
        if code == INVALID_SHARD:
            return AuthError(
                f"discord.shards, discord.shard_ids: Discord refuses {shard} (4010): give each process the same "
                "discord.shards, and ids below it"
            )
        if self._is_set:
            return AuthError(
                f"discord.shards: {self.count} is too few, since a shard may have {LIMIT:,} servers (4011): "
                'set a larger number, or "auto"'
            )
        self._is_asked, self._too_few = False, self.count
        return PlatformUnavailable(f"discord: {shard} has too many servers (4011); asking how many shards it takes")
