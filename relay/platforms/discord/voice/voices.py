"""The voices of one bot: each companion is in voice for itself, with whichever login sees its channel."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import discord

from relay.platforms.discord.voice.session import DiscordVoice


class BotVoices:
    """Attaches each voice to each login, as both come and go."""

    def __init__(self, voices: Iterable[DiscordVoice] = ()) -> None:
        self._voices = tuple(voices)
        self._clients: list[discord.Client] = []
        self.may_come = bool(self._voices)
        """Whether Discord is asked to tell who is in which voice channel."""

    async def have(self, voices: Iterable[DiscordVoice]) -> None:
        """These from now on, and no others: who is no more leaves."""
        before, self._voices = self._voices, tuple(voices)
        for voice in self._voices:
            for client in self._clients if voice not in before else ():
                voice.attach(client)
        gone = [voice for voice in before if voice not in self._voices]
        await asyncio.gather(*(voice.detach(client) for voice in gone for client in self._clients))

    @asynccontextmanager
    async def attached(self, client: discord.Client) -> AsyncIterator[None]:
        """Be in voice with this login until the block ends. Nothing that happens in voice is raised."""
        client.event(self.on_voice_state_update)
        client.event(self.on_guild_available)
        self._clients.append(client)
        for voice in self._voices:
            voice.attach(client)
        try:
            yield
        finally:
            self._clients.remove(client)
            await asyncio.gather(*(voice.detach(client) for voice in self._voices))

    async def on_guild_available(self, _: discord.Guild) -> None:
        """Called by discord.py when it was told anew of a server, and so perhaps not of who moved meanwhile."""
        for voice in self._voices:
            voice.look_around()

    async def on_voice_state_update(
        self, member: discord.Member, _: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Called by discord.py whenever somebody joins, moves, mutes or leaves."""
        for voice in self._voices:
            voice.moved(member, after)

    def health(self) -> str | None:
        """What is wrong, in one line; None when nothing is."""
        troubles = dict.fromkeys(trouble for voice in self._voices if (trouble := voice.health()) is not None)
        return "; ".join(troubles) or None
