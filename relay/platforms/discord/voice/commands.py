"""`/join` and `/leave`, for the streamer and those who look after the server."""

from typing import Any, Final

import discord
from discord import app_commands

from relay.platforms.discord.interactions import Use, caller_of, whisper
from relay.platforms.discord.voice.channels import Channel
from relay.platforms.discord.voice.session import DiscordVoice

REFUSED: Final = "Only moderators can do that."


def voice_commands(voice: DiscordVoice) -> list[app_commands.Command[Any, ..., None]]:
    """To be registered only where voice is in use."""

    async def join(interaction: Use) -> None:
        await whisper(interaction, _join(voice, interaction))

    async def leave(interaction: Use) -> None:
        await whisper(interaction, voice.leave() if _may(voice, interaction) else REFUSED)

    commands: list[app_commands.Command[Any, ..., None]] = [
        app_commands.Command(name="join", description="Bring the companion into your voice channel", callback=join),
        app_commands.Command(name="leave", description="Send the companion out of voice", callback=leave),
    ]
    for command in commands:
        command.default_permissions = discord.Permissions(manage_guild=True)
    return commands


def _join(voice: DiscordVoice, interaction: Use) -> str:
    if not _may(voice, interaction):
        return REFUSED
    state = interaction.user.voice if isinstance(interaction.user, discord.Member) else None
    if state is None or not isinstance(state.channel, Channel):
        return "Join a voice channel first; I come to where you are."
    return voice.join(state.channel)


def _may(voice: DiscordVoice, interaction: Use) -> bool:
    # a server's own settings can hand the commands to anyone
    return caller_of(interaction).may_control or interaction.user.id == voice.streamer
