"""What a stage channel asks of a speaker."""

import asyncio
import logging
from typing import Final

import discord

from relay.platforms.discord.outgoing import FAILURES
from relay.platforms.discord.voice.link import VoiceLink

log = logging.getLogger(__name__)

TIMEOUT: Final = 10.0


async def take_the_stage(link: VoiceLink) -> None:
    """Become a speaker where that is allowed, else raise a hand. Elsewhere than on a stage there is nothing to do."""
    me = link.guild.me
    if not isinstance(link.channel, discord.StageChannel) or (me.voice is not None and not me.voice.suppress):
        return
    try:
        async with asyncio.timeout(TIMEOUT):
            try:
                await me.edit(suppress=False)
            except discord.Forbidden:
                await me.request_to_speak()
                log.info("discord: asked to speak on the stage %s: a moderator has to allow it", link.channel)
    except FAILURES as error:
        log.warning("discord: cannot speak on the stage %s: %s", link.channel, error)
