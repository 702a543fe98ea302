"""`/talk`, used on the local Discord."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord as library
import pytest
from discord import app_commands

from relay.config import VoiceSection
from relay.platforms.discord.connection import make_connector
from relay.platforms.discord.hearing.permissions import HearingPermissions
from relay.platforms.discord.voice.choosing import CompanionVoice
from relay.platforms.discord.voice.commands import voice_commands
from relay.platforms.discord.voice.session import DiscordVoice
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.double import TOKEN
from tests.platforms.discord.conftest import knows_guild, section
from tests.support import PATIENCE


@pytest.fixture
async def client(discord: DiscordDouble) -> AsyncIterator[library.Client]:
    connector = make_connector(section(discord))
    client = library.Client(intents=library.Intents(guilds=True), connector=connector, guild_ready_timeout=0.01)
    async with client, asyncio.timeout(PATIENCE):
        await client.login(TOKEN)
        running = asyncio.create_task(client.connect())
        await knows_guild(client)
        yield client
        await client.close()
        await running


async def offer(client: library.Client, **settings: Any) -> HearingPermissions:
    """Register `/talk` with these settings."""
    section = VoiceSection(**settings)
    audience = HearingPermissions(section)
    tree = app_commands.CommandTree(client)
    for command in voice_commands([CompanionVoice(DiscordVoice(section), audience)]):
        tree.add_command(command)
    await tree.sync()
    return audience


async def test_it_takes_the_floor_and_gives_it_back(discord: DiscordDouble, client: library.Client) -> None:
    audience, ann = await offer(client, listen_to="everyone", push_to_talk=True), int(discord.person("ann").id)
    taken = await discord.command("talk")
    assert (taken.text, taken.ephemeral) == (
        "I hear you now, for up to 30 seconds. Use `/talk` again when you are done.",
        True,
    )
    assert audience.hears(ann)
    assert (await discord.command("talk")).text == "I no longer hear you."
    assert not audience.hears(ann)


async def test_of_two_companions_it_is_for_the_one_that_has_to_be_asked_unless_the_other_is_named(
    discord: DiscordDouble, client: library.Client
) -> None:
    section = VoiceSection(listen_to="everyone", push_to_talk=True)
    ann = CompanionVoice(DiscordVoice(section), HearingPermissions(section), "ann")
    tree = app_commands.CommandTree(client)
    for command in voice_commands([ann, CompanionVoice(DiscordVoice(section), None, "ben")]):
        tree.add_command(command)
    await tree.sync()

    assert "I hear you now" in (await discord.command("talk")).text
    told = (await discord.command("talk", companion="ben")).text
    assert told == "There is no need for this command with ben: nobody has to ask."


async def test_it_does_not_help_who_was_not_chosen(discord: DiscordDouble, client: library.Client) -> None:
    audience = await offer(client, listen_to="allowed", allowed=(int(discord.person("ben").id),), push_to_talk=True)
    assert (await discord.command("talk", "ann")).text == "The streamer has not chosen to let me hear you."
    assert not audience.hears(int(discord.person("ann").id))


async def test_it_says_when_it_is_not_needed(discord: DiscordDouble, client: library.Client) -> None:
    await offer(client, listen_to="everyone")
    assert "no need" in (await discord.command("talk")).text
