"""What people wrote between two sessions. Discord replays nothing then, but the channels' history has it."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

import discord

from relay.model import Incoming
from relay.platforms.discord.incoming import Listening, read_message
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.intake import Seen

log = logging.getLogger(__name__)

LOOK_BACK: Final = timedelta(minutes=10)
"""Older messages are not worth an answer any more."""
SEARCH_TIMEOUT: Final = 60.0
REMEMBERED: Final = 10_000
"""Ids kept to tell what is new."""


class Mark:
    """Which messages have been seen; outlives the sessions of one run."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._gap: int | None = None
        self._seen = Seen(REMEMBERED)

    def saw(self, id: int) -> bool:
        """True the first time, as far back as it remembers."""
        self._newest = max(self._newest or 0, id)
        return self._seen.add(id)

    def start(self, id: int) -> None:
        """Count from here, unless something has been seen."""
        if self._newest is None:
            self._newest = id

    def gap(self) -> int | None:
        """The id after which a new session has to look; None for the first. Stays the same until closed."""
        if self._gap is None:
            self._gap = self._newest
        return self._gap

    def close_gap(self) -> None:
        self._gap = None

    def reopen_gap(self, id: int) -> None:
        """What came after `id` is still to be looked up."""
        self._gap = id


async def find_missed(client: discord.Client, listening: Listening, mark: Mark, since: int) -> list[Incoming]:
    """Messages written after the id `since` and not seen, in order. Empty when Discord cannot tell; never raises."""
    try:
        async with asyncio.timeout(SEARCH_TIMEOUT):
            await client.wait_until_ready()
            messages = [message for place in _places(client, listening) for message in await _after(place, since)]
    except FAILURES as error:
        mark.reopen_gap(since)
        log.warning("discord: could not look up what was missed: %s: %s", type(error).__name__, error)
        return []
    mark.close_gap()
    me = client.user.id if client.user is not None else 0
    new = [message for message in sorted(messages, key=lambda m: m.id) if mark.saw(message.id)]
    found = [read_message(message, me) for message in new if listening.wants(message, me)]
    if found:
        log.info("discord: found %d messages that were written while the connection was away", len(found))
    return [message for message in found if message is not None]


def newest_message(client: discord.Client, listening: Listening) -> int:
    """The id of the newest message in the chosen channels, by Discord's own clock; 0 when it sees none of them."""
    return max((place.last_message_id or place.id for place in _places(client, listening)), default=0)


Place = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel


def _places(client: discord.Client, listening: Listening) -> list[Place]:
    places = (place for guild in client.guilds for place in (*guild.channels, *guild.threads))
    return [place for place in places if isinstance(place, Place) and listening.covers(place)]


async def _after(place: Place, since: int) -> list[discord.Message]:
    oldest = discord.utils.time_snowflake(discord.utils.utcnow() - LOOK_BACK)
    start = discord.Object(max(since, oldest))
    return [message async for message in place.history(limit=None, after=start, oldest_first=True)]
