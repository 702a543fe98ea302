"""The double behaves as Discord does, seen through discord.py itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord as library
import pytest

from relay.platforms.discord.connection import make_connector
from tests.doubles.discord import DiscordDouble, Refuse, interactions
from tests.doubles.discord.double import TOKEN
from tests.doubles.discord.interactions import REPLY_WITHIN
from tests.platforms.discord.conftest import knows_guild, section
from tests.support import PATIENCE


class Client(library.Client):
    """Keeps the messages and interactions it is told of."""

    def __init__(self, discord: DiscordDouble, intents: library.Intents) -> None:
        super().__init__(intents=intents, connector=make_connector(section(discord)), guild_ready_timeout=0.01)
        self.messages = asyncio.Queue[library.Message]()
        self.interactions = asyncio.Queue[library.Interaction[library.Client]]()

    async def on_message(self, message: library.Message) -> None:
        self.messages.put_nowait(message)

    async def on_interaction(self, interaction: library.Interaction[library.Client]) -> None:
        self.interactions.put_nowait(interaction)


@asynccontextmanager
async def connected(discord: DiscordDouble, *, content: bool = True) -> AsyncIterator[Client]:
    intents = library.Intents(guilds=True, guild_messages=True, message_content=content)
    async with Client(discord, intents) as client, asyncio.timeout(PATIENCE):
        await client.login(TOKEN)
        running = asyncio.create_task(client.connect())
        await knows_guild(client)
        yield client
        await client.close()
        await running


@pytest.fixture
async def discord() -> AsyncIterator[DiscordDouble]:
    async with DiscordDouble() as double:
        yield double


async def test_a_message_can_be_edited_and_deleted_by_its_author(discord: DiscordDouble) -> None:
    async with connected(discord) as client:
        message = await client.get_partial_messageable(int(discord.channel)).send("first")
        await message.edit(content="second")
        await message.delete()
        with pytest.raises(library.NotFound):
            await message.edit(content="third")
    [post] = discord.posts
    assert (post.text, post.edits, post.deleted) == ("first", ["second"], True)


@pytest.mark.parametrize("enforced", [True, False])
async def test_a_nonce_counts_once_where_that_is_enforced(discord: DiscordDouble, enforced: bool) -> None:
    async with connected(discord) as client:
        body = {"content": "hi", "nonce": "same", "enforce_nonce": enforced}
        for _ in range(2):
            route = library.http.Route("POST", "/channels/{channel_id}/messages", channel_id=int(discord.channel))
            await client.http.request(route, json=body)
    assert len(discord.posts) == (1 if enforced else 2)


async def test_a_reply_to_nothing_fails_unless_told_otherwise(discord: DiscordDouble) -> None:
    async with connected(discord) as client:
        place = client.get_partial_messageable(int(discord.channel))
        with pytest.raises(library.HTTPException):
            await place.send("hi", reference=place.get_partial_message(1).to_reference(fail_if_not_exists=True))


async def test_without_the_content_intent_only_mentions_of_the_bot_are_readable(discord: DiscordDouble) -> None:
    async with connected(discord, content=False) as client:
        await discord.say("secret")
        await discord.say("hello", mention_bot=True)
        assert (await client.messages.get()).content == ""
        assert "hello" in (await client.messages.get()).content


async def test_an_interaction_can_be_deferred_edited_and_followed_up(discord: DiscordDouble) -> None:
    discord.interactions.commands = [{"id": "1", "name": "ask"}]
    async with connected(discord) as client:
        asking = asyncio.create_task(discord.ask("why?"))
        interaction = await client.interactions.get()
        await interaction.response.defer(ephemeral=True, thinking=True)
        assert not asking.done()
        await interaction.edit_original_response(content="because")
        await interaction.followup.send("and so on", ephemeral=True)
        response = await asking
    assert (response.text, response.ephemeral, response.followups) == ("because", True, ["and so on"])


async def test_an_interaction_is_answered_once(discord: DiscordDouble) -> None:
    discord.interactions.commands = [{"id": "1", "name": "ask"}]
    async with connected(discord) as client:
        asking = asyncio.create_task(discord.ask("why?"))
        interaction = await client.interactions.get()
        await discord.gateway.repeat_last()
        again = await client.interactions.get()
        await interaction.response.send_message("because")
        await asking
        with pytest.raises(library.HTTPException, match="already been acknowledged"):
            await again.response.send_message("because!")


async def test_the_gateway_refuses_what_comes_before_identifying(discord: DiscordDouble) -> None:
    async with aiohttp.ClientSession(connector=make_connector(section(discord))) as session:
        url = "wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream"
        async with session.ws_connect(url) as socket:
            await socket.receive()
            await socket.send_json({"op": 8, "d": {}})
            assert (await socket.receive()).data == 4003


@pytest.mark.parametrize(("fault", "status"), [(Refuse("/typing", 403), 403), (Refuse("/typing", 500, times=9), 500)])
async def test_a_fault_happens_as_often_as_it_says(discord: DiscordDouble, fault: Refuse, status: int) -> None:
    discord.fail(fault)
    url = f"https://discord.com/api/v10/channels/{discord.channel}/typing"
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with aiohttp.ClientSession(connector=make_connector(section(discord))) as session:
        seen = [(await session.post(url, headers=headers)).status for _ in range(fault.times + 1)]
    assert seen == [status] * (len(seen) - 1) + [204]


@pytest.mark.parametrize(("deferred", "seconds"), [(False, 3.5), (True, 901.0)])
async def test_an_interaction_dies_when_nobody_answers_it(
    discord: DiscordDouble, deferred: bool, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not deferred:
        monkeypatch.setattr(interactions, "REPLY_WITHIN", REPLY_WITHIN)
    discord.interactions.commands = [{"id": "1", "name": "ask"}]
    async with connected(discord) as client:
        asking = asyncio.create_task(discord.ask("why?"))
        interaction = await client.interactions.get()
        if deferred:
            await interaction.response.defer(thinking=True)
            discord.clock.advance(60)
            await interaction.edit_original_response(content="a moment")
            await asking
        discord.clock.advance(seconds)
        with pytest.raises(library.HTTPException, match=r"Unknown interaction|Invalid Webhook Token"):
            await (interaction.edit_original_response if deferred else interaction.response.send_message)(content="x")
        asking.cancel()
