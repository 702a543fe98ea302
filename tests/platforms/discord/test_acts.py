"""What a scenario may do on Discord, through discord.py, with a message its scripts were told of."""

import pytest

from relay.acts import ActRefused
from relay.errors import PlatformUnavailable, PostRejected
from relay.platforms.discord.client import DiscordPlatform
from tests.doubles.discord import DiscordDouble
from tests.platforms.discord.conftest import Connect, Status, Store, adapter


async def perform(platform: DiscordPlatform, name: str, *given: object) -> str:
    [act] = [act for act in platform.acts() if act.name == name]
    return await act(given)


async def test_a_message_is_reacted_to_and_pinned(discord: DiscordDouble, connect: Connect) -> None:
    async with connect() as platform:
        message = await discord.say("hello")
        its_id = f"discord:{discord.channel}/{message}"
        assert await perform(platform, "react", its_id, "\U0001f389") == "reacted with \U0001f389"
        assert await perform(platform, "pin", its_id) == "pinned a message"
    assert discord.rest.reactions == [(message, "\U0001f389")]
    assert discord.rest.pins == [message]


async def test_a_message_that_is_gone_is_said_to_be(discord: DiscordDouble, connect: Connect) -> None:
    async with connect() as platform:
        with pytest.raises(PostRejected, match="Unknown Message"):
            await perform(platform, "pin", f"discord:{discord.channel}/12345")


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("pin", ("twitch:lobby/m1",), "pin: id: String should match pattern"),
        ("react", ("discord:1/2",), "react: emoji: Field required"),
        ("react", ("discord:1/2", "yes"), "'yes' is no emoji"),
    ],
)
async def test_what_cannot_be_done_is_named(connect: Connect, name: str, given: tuple[str, ...], problem: str) -> None:
    async with connect() as platform:
        with pytest.raises(ActRefused, match=problem):
            await perform(platform, name, *given)


async def test_without_a_connection_nothing_is_done(discord: DiscordDouble, store: Store, controls: Status) -> None:
    platform = adapter(discord, store, controls)
    with pytest.raises(PlatformUnavailable, match="not connected"):
        await perform(platform, "pin", "discord:1/2")
