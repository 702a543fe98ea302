"""`/join`, `/leave` and `/talk`: the companion in voice, for the streamer, moderators and who is there."""

from collections.abc import Sequence
from typing import Final

import discord

from relay.platforms.discord.hearing.permissions import talk
from relay.platforms.discord.interactions import SlashCommand, Use, caller_of
from relay.platforms.discord.voice.choosing import (
    TO_COME,
    WHO_IS_THERE,
    CompanionVoice,
    about_one,
    asked_from,
    has_to_be_asked,
)

REFUSED: Final = "Only moderators can do that."


def voice_commands(companions: Sequence[CompanionVoice]) -> list[SlashCommand]:
    """To be registered only where voice is in use."""
    if not companions:
        return []
    managing = [
        about_one("join", "Bring the companion into your voice channel", companions, TO_COME, _join),
        about_one("leave", "Send the companion out of voice", companions, WHO_IS_THERE, _leave),
    ]
    for command in managing:
        command.default_permissions = discord.Permissions(manage_guild=True)
    if all(each.audience is None for each in companions):
        return managing
    described = "Let the companion hear you, or stop that"
    return [*managing, about_one("talk", described, companions, (*WHO_IS_THERE, has_to_be_asked), _talk)]


def _join(companion: CompanionVoice, use: Use) -> str:
    if not _may(companion, use):
        return REFUSED
    if (channel := asked_from(use)) is None:
        return "Join a voice channel first; I come to where you are."
    return companion.voice.join(channel)


def _leave(companion: CompanionVoice, use: Use) -> str:
    return companion.voice.leave() if _may(companion, use) else REFUSED


def _talk(companion: CompanionVoice, use: Use) -> str:
    if companion.audience is None:
        return f"There is no need for this command with {companion.name}: nobody has to ask."
    return talk(companion.audience, use.user.id)


def _may(companion: CompanionVoice, use: Use) -> bool:
    # a server's own settings can hand the commands to anyone
    return caller_of(use).may_control or use.user.id == companion.voice.streamer
