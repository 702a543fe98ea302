"""What all shards of the bot in this process share."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

from relay.model import Kind
from relay.platforms.base import Receive
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.incoming import Listening
from relay.platforms.discord.offers import Offers
from relay.platforms.discord.session_starts import Buckets, LastStart
from relay.platforms.discord.settings import DiscordSection
from relay.platforms.discord.sharding import GatewayShard, Sharding
from relay.platforms.discord.voice.voices import BotVoices


class Hearing:
    """Which shards hear their channels."""

    def __init__(self) -> None:
        self.any = asyncio.Event()
        """Set while at least one does: a dead shard costs its own servers alone."""
        self._shards: set[GatewayShard] = set()

    def __contains__(self, shard: GatewayShard) -> bool:
        return shard in self._shards

    def begins(self, shard: GatewayShard) -> None:
        self._shards.add(shard)
        self.any.set()

    def ends(self, shard: GatewayShard) -> None:
        self._shards.discard(shard)
        if not self._shards:
            self.any.clear()


@dataclass(eq=False)
class Bot:
    """Outlives the shards, and their sessions."""

    settings: DiscordSection
    receive: Receive
    offers: Offers
    listening: Listening
    sharding: Sharding
    wanted: Collection[Kind] = ()
    """The kinds besides messages that are asked for."""
    look_back: float = 0.0
    """Seconds; what is older is not looked up."""
    voices: BotVoices = field(default_factory=BotVoices)
    clock: PlatformClock = field(default_factory=PlatformClock)
    buckets: Buckets = field(default_factory=Buckets)
    hearing: Hearing = field(default_factory=Hearing)

    def __post_init__(self) -> None:
        self.last_start = LastStart(self.clock)
