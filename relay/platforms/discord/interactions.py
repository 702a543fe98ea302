"""Who uses a command or presses a button, and how the answer reaches them in time."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import discord
from discord import app_commands

from relay.model import Caller, Role
from relay.platforms.discord.incoming import places_of
from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.settings import PLATFORM, TEXT_LIMIT

log = logging.getLogger(__name__)

ANSWER_WITHIN: Final = 2.0
"""Seconds to answer at once; Discord gives up on a command after three."""
FOLLOW_UP_WITHIN: Final = 840.0
"""Seconds more for an answer that was put off; Discord takes none after 15 minutes."""
TOO_SLOW: Final = "The relay did not answer in time; `/relay status` shows what is set."

Use = discord.Interaction[discord.Client]
SlashCommand = app_commands.Command[Any, ..., None]
_PUT_OFF: Final = (
    discord.InteractionResponseType.deferred_channel_message,
    discord.InteractionResponseType.deferred_message_update,
)


def caller_of(use: Use) -> Caller:
    """Who uses a command, by what this server lets them do. `whisper` answers them alone."""
    permissions, user = use.permissions, use.user
    roles = set()
    if use.guild is not None and use.guild.owner_id == user.id:
        roles.add(Role.STREAMER)
    if permissions.manage_guild or permissions.moderate_members:
        roles.add(Role.MODERATOR)
    name, id = user.display_name, str(user.id)
    places = places_of(use.channel) or (str(use.channel_id),)
    return Caller(source=PLATFORM, name=name, id=id, roles=frozenset(roles), in_private=True, places=places)


T = TypeVar("T")


async def in_time(
    use: Use,
    work: Coroutine[Any, Any, T],
    otherwise: T,
    *,
    updates: bool = False,
    private: bool = True,
    spent: float = 0.0,
) -> T:
    """What the work answers, or `otherwise`. Where it takes long, Discord is told that the answer follows.

    With `updates` the answer will change the message of the button that was pressed. Where it is not `private`,
    everybody sees that an answer follows. `spent` is how many of the seconds to answer in have gone by already.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=max(0.0, ANSWER_WITHIN - spent))
        if not task.done():
            await _put_off(use, updates=updates, private=private)
            await asyncio.wait({task}, timeout=FOLLOW_UP_WITHIN)
        return task.result() if task.done() else otherwise
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _put_off(use: Use, *, updates: bool, private: bool) -> None:
    try:
        await use.response.defer(ephemeral=private, thinking=not updates)
    except FAILURES as error:  # the work goes on all the same
        log.info("discord: an answer could not be put off: %s", error)


def is_unanswered(use: Use) -> bool:
    """Whether the person still waits for words."""
    return use.response.type is None or use.response.type in _PUT_OFF


async def whisper(use: Use, text: str, view: discord.ui.View | None = None, *, private: bool = True) -> None:
    """Answer so that only the person who used the command sees it, unless it is not `private`."""
    said = text[:TEXT_LIMIT]
    try:
        if use.response.is_done():
            await use.edit_original_response(content=said, view=view)
        elif view is None:
            await use.response.send_message(said, ephemeral=private)
        else:
            await use.response.send_message(said, ephemeral=private, view=view)
    except FAILURES as error:  # too late, or already answered before a resume repeated the event
        log.info("discord: a command could not be answered: %s", error)
