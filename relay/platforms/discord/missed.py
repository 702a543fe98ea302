"""What people wrote while nobody listened. Discord replays nothing then, but the channels' history has it."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeGuard

import discord

from relay.model import AudienceMessage, Incoming
from relay.platforms.clock import PlatformClock
from relay.platforms.discord.membership import recognise
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.intake import Seen

log = logging.getLogger(__name__)

GUILDS_WITHIN: Final = 5.0
"""Seconds a new session gets to describe its servers; what it describes later is looked up when it does."""
SEARCH_TIMEOUT: Final = 10.0
"""Seconds one look may take, since what is written meanwhile waits behind it."""
REMEMBERED: Final = 10_000
"""Ids kept to tell what is new."""


Room = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel
Place = Room | discord.ForumChannel
"""Where people write; in a forum only in its posts, which are threads."""


def can_view(place: object) -> TypeGuard[Place]:
    """Whether the bot may see a place. Discord also names those that it may not."""
    if not isinstance(place, Place) or place.guild.unavailable or place.guild.me is None:
        return False
    return place.permissions_for(place.guild.me).view_channel


def can_read_history(place: object) -> TypeGuard[Place]:
    """Whether the bot may read there what was written before. Without the permission Discord shows an empty past."""
    return can_view(place) and place.permissions_for(place.guild.me).read_message_history


def id_at(at: float) -> int:
    """The smallest id of what came to be at this moment of Discord's time."""
    return discord.utils.time_snowflake(datetime.fromtimestamp(at, UTC))


OVERLAP: Final = 5_000 << 22
"""Five seconds in ids: Discord tells of one channel sooner than of another."""


@dataclass(eq=False)
class Gap:
    """In one channel, with its threads, nothing is known of what was written after the id `since`."""

    since: int
    read: dict[int, int] = field(default_factory=dict)
    """How far each place has been read, where a look was cut off."""


class Mark:
    """Which messages have been seen, and where some may be missing; outlives the sessions of one run."""

    def __init__(self, newest: int | None = None) -> None:
        """`newest` is what an earlier run had seen."""
        self._newest = newest
        self._seen = Seen(REMEMBERED)
        self.gaps: dict[int, Gap] = {}
        """By channel."""

    def saw(self, id: int) -> bool:
        """True the first time, as far back as it remembers."""
        self._newest = max(self._newest or 0, id)
        return self._seen.add(id)

    def lose(self, channels: Iterable[int], now: int) -> None:
        """What is written in these channels is not told, or was not. The first run ever counts from the id `now`."""
        since = now if self._newest is None else self._newest - (OVERLAP if len(self._seen) else 0)
        for channel in channels:
            # a new gap each time, so that a look from before this moment does not close it
            before = self.gaps.get(channel)
            self.gaps[channel] = Gap(before.since if before is not None else since)
        self._newest = self._newest or now

    def close(self, channel: int, gap: Gap) -> None:
        """Everything is known again, unless more was lost since this gap was looked at."""
        if self.gaps.get(channel) is gap:
            del self.gaps[channel]

    def forget(self, channels: Iterable[int]) -> None:
        """Nothing in these channels is to be known any more."""
        for channel in channels:
            self.gaps.pop(channel, None)

    @property
    def known(self) -> int | None:
        """The id up to which nothing is missing anywhere; None before the first session."""
        return min((gap.since for gap in self.gaps.values()), default=self._newest)


class History:
    """Looks into the channels' history for one session."""

    def __init__(
        self,
        client: discord.Client,
        mark: Mark,
        clock: PlatformClock,
        look_back: float,
        read: Callable[[discord.Message, float], AudienceMessage | None],
    ) -> None:
        """What is older than `look_back` seconds is not worth an answer any more.

        `read` says what is told of a message, and when it was written.
        """
        self._tell = read
        self._client = client
        self._mark = mark
        self._clock = clock
        self._look_back = look_back
        self._described = asyncio.Event()
        self._told_from: dict[int, int] = {}
        """The first message in each place that Discord told of by itself, as it does of all that follow."""

    def lose(self, channels: Iterable[int]) -> None:
        """What is written in these channels is not told, or was not."""
        self._mark.lose(channels, id_at(self._clock.now_at_least()))
        self._told_from.clear()

    def told(self, message: discord.Message) -> bool:
        """Discord tells of a message; True the first time."""
        self._told_from.setdefault(message.channel.id, message.id)
        return self._mark.saw(message.id)

    def described(self) -> None:
        """Discord has told more of what the bot can see."""
        self._described.set()

    async def find(self) -> list[Incoming]:
        """What is missing and not seen, oldest first. Gaps stay where Discord cannot tell; never raises."""
        gaps = dict(self._mark.gaps)
        await self._wait_for(gaps)
        messages: list[discord.Message] = []
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT):
                for channel, gap in gaps.items():
                    await self._look(channel, gap, messages)
        except TimeoutError:
            log.warning("discord: looking up what was missed takes long; the rest follows")
        new = self._new(messages)
        await recognise(new)
        return list(self._told(new))

    async def _wait_for(self, channels: Collection[int]) -> None:
        """Until these channels are described, or all servers are."""
        try:
            async with asyncio.timeout(GUILDS_WITHIN):
                while not self._client.is_closed() and self._may_come(channels):
                    self._described.clear()
                    await self._described.wait()
        except TimeoutError:
            log.warning("discord: a server is away; what is missed there is looked up when it is back")

    def _may_come(self, channels: Collection[int]) -> bool:
        unseen = any(not can_read_history(self._client.get_channel(channel)) for channel in channels)
        return unseen and any(guild.unavailable for guild in self._client.guilds)

    async def _look(self, channel: int, gap: Gap, into: list[discord.Message]) -> None:
        place = self._client.get_channel(channel)
        if place is None and not any(guild.unavailable for guild in self._client.guilds):
            return self._mark.close(channel, gap)  # of another shard, or of a server the bot is not in
        if not can_read_history(place):
            return
        try:
            if not isinstance(place, discord.ForumChannel):
                await self._read(place, gap, into)
            for thread in self._threads(channel, gap):
                await self._read(thread, gap, into)
        except FAILURES as error:
            if not self._client.is_closed():
                log.warning("discord: could not look up what was missed: %s: %s", type(error).__name__, error)
        else:
            self._mark.close(channel, gap)

    async def _read(self, place: Room, gap: Gap, into: list[discord.Message]) -> None:
        oldest = id_at(self._clock.now() - self._look_back)
        after = discord.Object(max(gap.since, gap.read.get(place.id, 0), oldest))
        async for message in place.history(limit=None, after=after, oldest_first=True):
            gap.read[place.id] = message.id
            into.append(message)

    def _threads(self, channel: int, gap: Gap) -> list[discord.Thread]:
        """Those of a channel that anybody wrote in since."""
        threads = (each for guild in self._client.guilds for each in guild.threads if each.parent_id == channel)
        return [thread for thread in threads if (thread.last_message_id or 0) > gap.since]

    def _new(self, messages: list[discord.Message]) -> list[discord.Message]:
        untold = [m for m in messages if m.id < self._told_from.get(m.channel.id, m.id + 1)]
        new = [message for message in sorted(untold, key=lambda m: m.id) if self._mark.saw(message.id)]
        if new:
            log.info("discord: found %d messages that were written while the connection was away", len(new))
        return new

    def _told(self, messages: list[discord.Message]) -> Iterable[AudienceMessage]:
        for message in messages:
            if (told := self._tell(message, self._clock.happened(message.created_at.timestamp()))) is not None:
                yield told
