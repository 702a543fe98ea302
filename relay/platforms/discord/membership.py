"""Who wrote a message, as a member of its server: what they are there, and how they are called there.

Discord tells it with a message that was just written; with an older one it tells the user alone.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

import discord

from relay.platforms.discord.incoming import original_of
from relay.platforms.discord.outgoing import FAILURES

log = logging.getLogger(__name__)

WITHIN: Final = 3.0
"""Seconds to ask for all of them; whom Discord does not tell of by then stays a user."""
AT_ONCE: Final = 100
"""People in one request. Gateway Events, "Request Guild Members"."""

Users = dict[int, list[discord.Message]]
"""What each of them wrote, by their id."""


async def recognise(messages: Iterable[discord.Message]) -> None:
    """Make members of the authors of these messages, and of what they reply to; never raises."""
    try:
        async with asyncio.timeout(WITHIN):
            for guild, users in _users(messages).items():
                await _recognise(guild, users)
    except FAILURES as error:
        log.info("discord: who wrote what was missed is not known: %s: %s", type(error).__name__, error)


def _users(messages: Iterable[discord.Message]) -> dict[discord.Guild, Users]:
    found: dict[discord.Guild, Users] = {}
    for message in messages:
        for each in filter(None, (message, original_of(message))):
            is_member = isinstance(each.author, discord.Member) or each.webhook_id is not None
            if each.guild is not None and not is_member:
                found.setdefault(each.guild, {}).setdefault(each.author.id, []).append(each)
    return found


async def _recognise(guild: discord.Guild, users: Users) -> None:
    """It takes no intent to be told of people whose ids are known."""
    ids = list(users)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        for member in await guild.query_members(user_ids=some, limit=AT_ONCE, cache=False):
            for message in users[member.id]:
                message.author = member
