"""Several companions that share a bot: each has its commands and its voice on its own server alone."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from relay.application.processes.remote_commands import RemoteCommands
from relay.config import VoiceSection
from relay.model import CommandInfo, Settlement
from relay.platforms.discord import commands
from relay.platforms.discord.audio import DiscordAudio
from relay.platforms.discord.client import DiscordPlatform
from relay.platforms.sharing import Share
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.world import MANAGE_GUILD
from tests.platforms.discord.conftest import Connect, Store
from tests.support import eventually

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "SETTLES_IN", 0.0)


class Viewers:
    """One command, of which nothing changes."""

    revision = 0

    def __init__(self, name: str) -> None:
        self._name = name

    async def changed(self, revision: int) -> None:
        await asyncio.Event().wait()

    def offered(self) -> Sequence[CommandInfo]:
        return [CommandInfo(name=self._name, summary="", is_told=True)]

    def written(self, name: str, arguments: Mapping[str, str]) -> str:
        return f"{self._name} was asked for {name}"

    def explained(self, settlement: Settlement) -> str:
        return "no"


def offered(discord: DiscordDouble, room: str) -> set[str]:
    found = discord.interactions.of_guilds.get(discord.world.channels[room].guild, ())
    return {each["name"] for each in found}


def audio(discord: DiscordDouble, name: str, lounge: str) -> DiscordAudio:
    """The voice of a companion whose streamer has this name."""
    return DiscordAudio(VoiceSection(streamer=int(discord.person(name).id), channels=(int(lounge),)), None)


async def test_a_companion_that_goes_takes_its_commands_and_its_voice_along(
    discord: DiscordDouble, connect: Connect
) -> None:
    rooms = [discord.open_server(name) for name in ("ann", "ben")]
    lounge, call = discord.open_call(rooms[0])
    await discord.enter("ann", lounge)
    ann = Share("ann", (rooms[0], lounge), Viewers("hug"), audio(discord, "ann", lounge))
    ben = Share("ben", (rooms[1],), Viewers("wave"))
    async with connect(ann, ben, channels=tuple(map(int, rooms))) as platform:
        await call.wait_joined(lounge)
        await eventually(lambda: [offered(discord, room) for room in rooms] == [{"hug", "join", "leave"}, {"wave"}])
        await platform.share([ben])
        await call.wait_left()
        await eventually(lambda: offered(discord, rooms[0]) == set())

    assert offered(discord, rooms[1]) == {"wave"}


async def test_a_command_that_two_of_one_server_have_is_the_ones_in_whose_channel_it_is_used(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    rooms = (discord.channel, discord.unlisted)
    shares = [Share(word, (room,), Viewers(word)) for room, word in zip(rooms, ("hug", "wave"), strict=True)]
    async with connect(*shares, channels=tuple(map(int, rooms))):
        await eventually(lambda: offered(discord, discord.channel) == {"hug", "wave"})
        await discord.command("hug", channel=discord.unlisted)

    assert store.texts == ["wave was asked for hug"]


async def test_a_server_keeps_its_commands_while_one_companion_there_has_told_of_none(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    rooms = discord.channel, discord.open_server("ben")
    shares = [Share(word, (room,), Viewers(word)) for room, word in zip(rooms, ("hug", "wave"), strict=True)]
    async with connect(*shares, channels=tuple(map(int, rooms))):
        await eventually(lambda: [offered(discord, room) for room in rooms] == [{"hug"}, {"wave"}])
    untold = RemoteCommands("!")
    async with connect(
        Share("hug", (rooms[0],), untold), Share("sing", (rooms[1],), Viewers("sing")), channels=tuple(map(int, rooms))
    ):
        await eventually(lambda: offered(discord, rooms[1]) == {"sing"})
        kept = offered(discord, rooms[0])
        untold.offer([CommandInfo(name="dance", summary="", is_told=True)])
        await eventually(lambda: offered(discord, rooms[0]) == {"dance"})

    assert kept == {"hug"}


async def test_who_asks_elsewhere_is_sent_to_channels_of_the_same_server(
    discord: DiscordDouble, connect: Connect
) -> None:
    other = discord.open_server("ben")
    async with connect(channels=(int(discord.channel), int(other))):
        told = await discord.ask("here?", channel=discord.unlisted)

    assert discord.channel in told.text and other not in told.text


async def test_which_of_two_voices_of_a_server_is_meant_is_told_by_channels_or_by_its_name(
    discord: DiscordDouble, connect: Connect
) -> None:
    corner, lobby = discord.open_voice_channel(), discord.open_voice_channel()
    ann = Share("ann", (discord.channel, discord.lounge), Viewers("hug"), audio(discord, "ann", discord.lounge))
    ben = Share("ben", (lobby,), Viewers("wave"), audio(discord, "ben", lobby))

    async def told(words: str, author: str, channel: str, **options: str) -> str:
        return (await discord.command(words, author, MANAGE_GUILD, channel, **options)).text

    await discord.enter("mia", corner)
    async with connect(ann, ben, channels=(int(discord.channel),)):
        await eventually(lambda: "join" in offered(discord, discord.channel))
        nothing_tells = await told("join", "mia", discord.unlisted)
        misspelt = await told("join", "mia", discord.unlisted, companion="bern")
        completed = await discord.type_into("join", "companion", "B")
        named = await told("join", "mia", discord.unlisted, companion="Ben")
        await discord.voice.wait_joined(corner)
        while_the_other_is_there = await told("join", "mia", discord.unlisted, companion="ann")
        in_the_channel_of_one = await told("leave", "zoe", discord.channel)
        by_who_is_with_one = await told("leave", "mia", discord.channel)
        by_a_streamer = await told("leave", "ben", discord.unlisted)
        await discord.enter("zoe", lobby)
        from_the_channel_of_one = await told("join", "zoe", discord.unlisted)
        await discord.voice.wait_joined(lobby)
        by_the_one_in_voice = await told("leave", "ben", discord.unlisted)

    assert "as `companion`: ann, ben." in nothing_tells
    assert misspelt == "Nobody of that name is on this server. There are: ann, ben."
    assert completed == [("ben", "ben")]
    assert (named, from_the_channel_of_one) == (f"On my way to <#{corner}>.", f"On my way to <#{lobby}>.")
    assert while_the_other_is_there == f"Another companion is in <#{corner}>: it has to leave first."
    assert in_the_channel_of_one == by_a_streamer == "I am in no voice channel."
    assert by_who_is_with_one == by_the_one_in_voice == "Bye!"


async def test_the_second_voice_of_a_server_says_why_it_is_not_there_and_leaves_the_first_alone(
    discord: DiscordDouble, connect: Connect
) -> None:
    def health(platform: DiscordPlatform) -> str:
        return platform.health()

    lobby = discord.open_voice_channel()
    await discord.enter("ann", discord.lounge)
    first = Share("ann", (discord.lounge,), Viewers("hug"), audio(discord, "ann", discord.lounge))
    async with connect(first) as platform:
        await discord.voice.wait_joined(discord.lounge)
        await discord.enter("ben", lobby)
        second = Share("ben", (lobby,), Viewers("wave"), audio(discord, "ben", lobby))
        await platform.share([first, second])
        await eventually(lambda: "the bot is in lounge for another companion of this server" in health(platform))
        assert discord.voice.bot_channel == discord.lounge
        assert discord.voice.wishes == [discord.lounge]
