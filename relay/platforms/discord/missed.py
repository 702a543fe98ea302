"""What people wrote between two sessions. Discord replays nothing then, but the channels' history has it."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

import discord

from relay.model import Incoming
from relay.platforms.discord.incoming import Listening, read_message
from relay.platforms.discord.outgoing import FAILURES

log = logging.getLogger(__name__)

LOOK_BACK: Final = timedelta(minutes=10)
"""Older messages are not worth an answer any more."""
SEARCH_TIMEOUT: Final = 60.0


class Mark:
    """Up to where messages have been seen; outlives the sessions of one run."""

    def __init__(self) -> None:
        self.newest: int | None = None
        """The highest id; ids grow with time over all channels. None before the first session was ready."""

    def start(self, id: int) -> None:
        """Count from here unless counting has begun."""
        if self.newest is None:
            self.newest = id

    def saw(self, id: int) -> None:
        self.newest = max(self.newest or 0, id)

    def back_to(self, id: int) -> None:
        """What came after `id` has to be looked up again next time."""
        self.newest = min(self.newest or id, id)


async def find_missed(client: discord.Client, listening: Listening, mark: Mark, since: int) -> list[Incoming]:
    """Messages written after the id `since`, in order. Empty when Discord cannot tell; never raises."""
    try:
        async with asyncio.timeout(SEARCH_TIMEOUT):
            await client.wait_until_ready()
            messages = [message for place in _places(client, listening) for message in await _after(place, since)]
    except FAILURES as error:
        mark.back_to(since)
        log.warning("discord: could not look up what was missed: %s: %s", type(error).__name__, error)
        return []
    me = client.user.id if client.user is not None else 0
    wanted = [message for message in sorted(messages, key=lambda m: m.id) if listening.wants(message, me)]
    found = [read for message in wanted if (read := read_message(message, me)) is not None]
    if found:
        log.info("discord: found %d messages that were written while the connection was away", len(found))
    return [*found]


Place = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel


def _places(client: discord.Client, listening: Listening) -> list[Place]:
    places = (place for guild in client.guilds for place in (*guild.channels, *guild.threads))
    return [place for place in places if isinstance(place, Place) and listening.covers(place)]


async def _after(place: Place, since: int) -> list[discord.Message]:
    oldest = discord.utils.time_snowflake(discord.utils.utcnow() - LOOK_BACK)
    start = discord.Object(max(since, oldest))
    return [message async for message in place.history(limit=None, after=start, oldest_first=True)]
