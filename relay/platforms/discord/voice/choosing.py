"""Which companion a command about voice is for, where several of one bot are on the same server."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import discord
from discord import app_commands

from relay.platforms.discord.hearing.permissions import HearingPermissions
from relay.platforms.discord.incoming import places_of
from relay.platforms.discord.interactions import SlashCommand, Use, whisper
from relay.platforms.discord.voice.channels import Channel
from relay.platforms.discord.voice.session import DiscordVoice

CHOICES: Final = 25
"""What an option can offer ("Application Command Option Choice")."""


@dataclass(frozen=True)
class CompanionVoice:
    """A companion that may be in a server's voice channels."""

    voice: DiscordVoice
    audience: HearingPermissions | None = None
    """Whom it may hear; None where nobody has to ask for that."""
    name: str = ""
    channels: Collection[str] = ()
    """Its own, of text and of voice, by their ids."""


Means = Callable[[CompanionVoice, Use], bool]
"""Whether this companion is meant, as far as one thing tells."""


def is_with_them(companion: CompanionVoice, use: Use) -> bool:
    """It is in the voice channel of who asks, or on its way there."""
    channel = asked_from(use)
    return channel is not None and companion.voice.channel == channel.id


def is_asked_there(companion: CompanionVoice, use: Use) -> bool:
    """It is asked in a channel of its own."""
    return any(place in companion.channels for place in places_of(use.channel))


def has_their_channel(companion: CompanionVoice, use: Use) -> bool:
    """The voice channel of who asks is one of its own."""
    channel = asked_from(use)
    return channel is not None and str(channel.id) in companion.channels


def is_theirs(companion: CompanionVoice, use: Use) -> bool:
    """Its streamer asks."""
    return companion.voice.streamer == use.user.id


def has_to_be_asked(companion: CompanionVoice, _: Use) -> bool:
    """It hears only who asked for that."""
    return companion.audience is not None


TO_COME: Final[Sequence[Means]] = (is_asked_there, has_their_channel, is_theirs)
"""By what is told which one should come, the surest first."""
WHO_IS_THERE: Final[Sequence[Means]] = (is_with_them, *TO_COME)
"""The same of one that may be in voice already."""


def asked_from(use: Use) -> Channel | None:
    """The voice channel in which somebody is who uses a command."""
    state = use.user.voice if isinstance(use.user, discord.Member) else None
    return state.channel if state is not None and isinstance(state.channel, Channel) else None


def about_one(
    name: str,
    description: str,
    companions: Sequence[CompanionVoice],
    means: Sequence[Means],
    answer: Callable[[CompanionVoice, Use], str],
) -> SlashCommand:
    """A command for one of them, which may be named where there are several. Only who asks sees the answer."""

    async def of_the_only_one(use: Use) -> None:
        await whisper(use, answer(companions[0], use))

    async def of_one(use: Use, companion: str | None = None) -> None:
        found = chosen(companions, means, use, companion)
        await whisper(use, found if isinstance(found, str) else answer(found, use))

    if len(companions) == 1:
        return app_commands.Command(name=name, description=description, callback=of_the_only_one)
    described = app_commands.describe(companion="Which one, where several are on this server")(of_one)
    command: SlashCommand = app_commands.Command(name=name, description=description, callback=described)

    @command.autocomplete("companion")
    async def complete(_: Use, typed: str) -> list[app_commands.Choice[str]]:
        names = (each.name for each in companions if typed.casefold() in each.name.casefold())
        return [app_commands.Choice(name=each, value=each) for each in names][:CHOICES]

    return command


def chosen(
    companions: Sequence[CompanionVoice], means: Sequence[Means], use: Use, named: str | None
) -> CompanionVoice | str:
    """The one that is meant, or what to tell who asked."""
    names = ", ".join(each.name for each in companions)
    if named is not None:
        called = (each for each in companions if each.name.casefold() == named.strip().casefold())
        return next(called, f"Nobody of that name is on this server. There are: {names}.")
    for is_meant in means:
        found = [each for each in companions if is_meant(each, use)]
        if len(found) == 1:
            return found[0]
    return f"Several companions are on this server. Name the one you mean as `companion`: {names}."
