"""Slash commands of companions that share a bot: each one's in its own servers, and nowhere else."""

import asyncio
import logging
import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import discord

from relay.platforms.discord import commands
from relay.platforms.discord.audio import DiscordAudio
from relay.platforms.discord.commands import AGAIN_IN, MAX_COMMANDS, Commands
from relay.platforms.discord.interactions import SlashCommand
from relay.platforms.discord.offers import Offers
from relay.platforms.discord.slash import UNTOLD, Slash
from relay.platforms.discord.voice.commands import voice_commands
from relay.platforms.sharing import Share

log = logging.getLogger(__name__)


class GuildCommands:
    """Registers what is offered in the servers of one session."""

    def __init__(self, tree: Commands, slash: Slash, offers: Offers) -> None:
        self._tree = tree
        self._slash = slash
        self._offers = offers
        self._woken = asyncio.Event()

    def look_again(self) -> None:
        """There is another server, or one has come back."""
        self._woken.set()

    async def follow(self) -> None:
        """Register what there is to offer, whenever that changes; until cancelled."""
        await self._offers.changed(None)
        while True:
            self._woken.clear()
            shares = self._offers.shares or ()
            revisions = [share.commands.revision for share in shares]
            is_registered = await self._register(shares)
            with suppress(TimeoutError):
                async with asyncio.timeout(None if is_registered else random.uniform(*AGAIN_IN)):
                    await self._news(shares, revisions)
            for id, there in self._by_server(self._offers.shares or ()).items():
                self._offer(discord.Object(id), there)  # Discord may know them from an earlier run, and people use them
            await asyncio.sleep(commands.SETTLES_IN)

    async def _news(self, shares: Sequence[Share], revisions: Sequence[int]) -> None:
        """Return when there is another server, another companion, or another command."""
        changes = [share.commands.changed(seen) for share, seen in zip(shares, revisions, strict=True)]
        events = [asyncio.ensure_future(each) for each in (self._woken.wait(), self._offers.changed(shares), *changes)]
        try:
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in events:
                each.cancel()
            await asyncio.gather(*events, return_exceptions=True)

    async def _register(self, shares: Sequence[Share]) -> bool:
        """Whether Discord knows all of it."""
        is_registered = True
        for id, there in self._by_server(shares).items():
            server = discord.Object(id)
            self._offer(server, there)
            is_whole = all(share.commands.offered() is not None for share in there)
            is_registered &= await self._tree.register(server, is_whole=is_whole)
        return is_registered

    def _by_server(self, shares: Iterable[Share]) -> Mapping[int, Sequence[Share]]:
        """Who is in which of this session's servers, those where nobody is included."""
        servers = [server for server in self._tree.client.guilds if not server.unavailable]
        homes = {str(channel.id): server.id for server in servers for channel in server.channels}
        found: dict[int, list[Share]] = {server.id: [] for server in servers}
        for share in shares:
            for home in {homes[channel] for channel in share.channels if channel in homes}:
                found[home].append(share)
        return found

    def _offer(self, server: discord.Object, shares: Sequence[Share]) -> None:
        self._tree.clear_commands(guild=server)
        told = [share.commands.offered() for share in reversed(shares)]
        infos = {info.name: info for each in told for info in (each if each is not None else UNTOLD)}
        offered = [*_of_voice(shares), *self._slash.offered(list(infos.values()))]
        free = list({each.name: each for each in reversed(offered) if not self._tree.is_fixed(each.name)}.values())
        for command in free[::-1][:MAX_COMMANDS]:
            self._tree.add_command(command, guild=server)
        if len(free) > MAX_COMMANDS:
            log.warning("discord: %d commands are too many for server %d", len(free) - MAX_COMMANDS, server.id)


def _of_voice(shares: Sequence[Share]) -> Sequence[SlashCommand]:
    """A bot is in one voice channel of a server at most, so one companion at a time speaks there."""
    heard = ((share, share.voice) for share in shares)
    return voice_commands(
        [audio.of(share.name, share.channels) for share, audio in heard if isinstance(audio, DiscordAudio)]
    )
