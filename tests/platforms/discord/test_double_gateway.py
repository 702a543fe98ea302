"""The double's gateway keeps Discord's timing, limits and clock, seen through discord.py and a bare socket."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import discord as library
import pytest

from relay.platforms.discord.connection import make_connector
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.clock import created
from tests.doubles.discord.double import TOKEN
from tests.doubles.discord.limits import DAY
from tests.doubles.discord.pages import ROUTES
from tests.platforms.discord.conftest import section
from tests.support import PATIENCE

IDENTIFY = {"token": TOKEN, "intents": 1, "properties": {}}


class Line:
    """A bare socket of the gateway."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._zlib = zlib.decompressobj()

    async def send(self, op: int, data: Any) -> None:
        await self._socket.send_json({"op": op, "d": data})

    async def read(self) -> Any:
        """The next payload, or the code the socket was closed with."""
        frame = await self._socket.receive(timeout=PATIENCE)
        if frame.type is aiohttp.WSMsgType.BINARY:
            return json.loads(self._zlib.decompress(frame.data))
        return frame.data

    async def close(self, code: int) -> None:
        await self._socket.close(code=code)


@asynccontextmanager
async def line(discord: DiscordDouble, version: int = 10) -> AsyncIterator[Line]:
    url = f"wss://gateway.discord.gg/?v={version}&encoding=json&compress=zlib-stream"
    async with (
        aiohttp.ClientSession(connector=make_connector(section(discord))) as http,
        http.ws_connect(url) as socket,
    ):
        opened = Line(socket)
        if version == 10:
            assert (await opened.read())["op"] == 10
        yield opened


async def refusal(discord: DiscordDouble, **changes: Any) -> Any:
    async with line(discord) as gateway:
        await gateway.send(2, IDENTIFY | changes)
        return await gateway.read()


class TestTheGuild:
    async def test_is_unavailable_at_first_and_shown_when_the_test_says(self, discord: DiscordDouble) -> None:
        await discord.gateway.hold_guild()
        async with line(discord) as gateway:
            await gateway.send(2, IDENTIFY)
            ready = await gateway.read()
            assert ready["t"] == "READY"
            assert ready["d"]["guilds"] == [{"id": discord.world.guild_id, "unavailable": True}]
            await discord.open_thread("unheard of")
            discord.gateway.show_guild()
            assert (await gateway.read())["t"] == "GUILD_CREATE"
            await discord.open_thread("heard of")
            assert (await gateway.read())["d"]["name"] == "heard of"

    async def test_names_channels_that_the_bot_may_not_view(self, discord: DiscordDouble) -> None:
        discord.world.hidden.add(discord.channel)
        intents = library.Intents(guilds=True)
        client = library.Client(intents=intents, connector=make_connector(section(discord)), guild_ready_timeout=0.1)
        async with client, asyncio.timeout(PATIENCE):
            await client.login(TOKEN)
            running = asyncio.create_task(client.connect())
            await client.wait_until_ready()
            await discord.wait_ready()
            channel = client.get_channel(int(discord.channel))
            assert isinstance(channel, library.TextChannel)
            assert not channel.permissions_for(channel.guild.me).view_channel
            await client.close()
            await running


class TestShards:
    async def test_each_has_its_own_guilds(self, discord: DiscordDouble) -> None:
        for shard in (0, 1):
            discord.open_server(shard=shard, of=2)
        told = []
        for shard in (0, 1):
            discord.clock.advance(5)
            async with line(discord) as gateway:
                await gateway.send(2, IDENTIFY | {"shard": [shard, 2]})
                told.append((await gateway.read())["d"])
        assert [each["shard"] for each in told] == [[0, 2], [1, 2]]
        guilds = [{int(guild["id"]) for guild in each["guilds"]} for each in told]
        assert guilds == [{id for id in map(int, discord.world.guilds) if (id >> 22) % 2 == n} for n in (0, 1)]

    async def test_so_many_are_advised_that_each_has_about_a_thousand_guilds(self, discord: DiscordDouble) -> None:
        for _ in range(2_000):
            discord.world.guilds.append(discord.world.new_id())
        async with aiohttp.ClientSession(connector=make_connector(section(discord))) as session:
            headers = {"Authorization": f"Bot {TOKEN}"}
            answer = await session.get("https://discord.com/api/v10/gateway/bot", headers=headers)
            assert (await answer.json())["shards"] == 3

    async def test_as_many_may_begin_at_once_as_the_concurrency_says_each_with_its_own_remainder(
        self, discord: DiscordDouble
    ) -> None:
        discord.clock.stop()
        discord.gateway.starts.max_concurrency = 2
        answers = [(await refusal(discord, shard=[shard, 4]))["op"] for shard in (0, 1, 2, 3)]
        assert answers == [0, 0, 9, 9]


class TestLimits:
    async def test_a_second_session_within_five_seconds_is_refused(self, discord: DiscordDouble) -> None:
        discord.clock.stop()
        assert (await refusal(discord))["t"] == "READY"
        discord.clock.advance(4)
        assert await refusal(discord) == {"op": 9, "d": False, "s": None, "t": None}
        discord.clock.advance(5)
        assert (await refusal(discord))["t"] == "READY"

    async def test_the_last_session_of_a_day_costs_the_token(self, discord: DiscordDouble) -> None:
        discord.gateway.starts.total, discord.gateway.starts.per = 2, 0.0
        async with line(discord) as first:
            await first.send(2, IDENTIFY)
            assert (await first.read())["t"] == "READY"
            assert await refusal(discord) == 4004
            assert discord.gateway.revoked
        discord.clock.advance(DAY)
        assert discord.gateway.starts.describe()["remaining"] == 2

    async def test_more_than_120_payloads_a_minute_are_too_many(self, discord: DiscordDouble) -> None:
        async with line(discord) as gateway:
            for _ in range(121):
                await gateway.send(1, None)
            answers = [await gateway.read() for _ in range(121)]
        assert answers[-1] == 4008 and all(answer["op"] == 11 for answer in answers[:-1])

    async def test_a_payload_of_more_than_4096_bytes_is_refused(self, discord: DiscordDouble) -> None:
        async with line(discord) as gateway:
            await gateway.send(1, "x" * 4_096)
            assert await gateway.read() == 4002


class TestCloseCodes:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"token": "another"}, 4004),
            ({"shard": [1, 1]}, 4010),
            ({"shard": [0, 0]}, 4010),
            ({"intents": 1 << 30}, 4013),
            ({"intents": 1 << 15}, 4014),
        ],
    )
    async def test_an_identify_that_is_wrong(self, discord: DiscordDouble, changes: dict[str, Any], code: int) -> None:
        discord.world.application_flags = 0
        assert await refusal(discord, **changes) == code

    async def test_a_bot_in_too_many_servers(self, discord: DiscordDouble) -> None:
        discord.gateway.guilds_a_shard = 1
        discord.open_server()
        assert await refusal(discord) == 4011

    async def test_another_version(self, discord: DiscordDouble) -> None:
        async with line(discord, version=5) as gateway:
            assert await gateway.read() == 4012

    async def test_a_second_identify_and_an_unknown_opcode(self, discord: DiscordDouble) -> None:
        for op, data, code in ((2, IDENTIFY, 4005), (99, None, 4001)):
            discord.clock.advance(5)
            async with line(discord) as gateway:
                await discord.gateway.hold_guild()
                await gateway.send(2, IDENTIFY)
                assert (await gateway.read())["t"] == "READY"
                await gateway.send(op, data)
                assert await gateway.read() == code


@pytest.mark.parametrize(("code", "answer"), [(1000, 9), (4000, 0)])
async def test_a_goodbye_ends_the_session(discord: DiscordDouble, code: int, answer: int) -> None:
    async with line(discord) as gateway:
        await gateway.send(2, IDENTIFY)
        session = (await gateway.read())["d"]["session_id"]
        assert (await gateway.read())["t"] == "GUILD_CREATE"
        await gateway.close(code)
    async with line(discord) as gateway:
        await gateway.send(6, {"token": TOKEN, "session_id": session, "seq": 2})
        assert (await gateway.read())["op"] == answer


async def test_a_sequence_from_the_future_is_refused(discord: DiscordDouble) -> None:
    async with line(discord) as gateway:
        await gateway.send(2, IDENTIFY)
        session = (await gateway.read())["d"]["session_id"]
        await gateway.close(4000)
    async with line(discord) as gateway:
        await gateway.send(6, {"token": TOKEN, "session_id": session, "seq": 50})
        assert await gateway.read() == 4007


async def test_ids_and_answers_carry_its_own_clock(discord: DiscordDouble) -> None:
    discord.clock.stop()
    discord.clock.offset = -70
    id = await discord.say("hello")
    assert created(id) == pytest.approx(discord.clock.now(), abs=2)
    async with aiohttp.ClientSession(connector=make_connector(section(discord))) as session:
        answer = await session.get("https://discord.com/api/v10/users/@me")
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == pytest.approx(discord.clock.now(), abs=2)


async def test_every_route_names_its_page(discord: DiscordDouble) -> None:
    parts = (discord.rest, discord.interactions, discord.voice, discord.gateway)
    routes = {f"{r.method} {r.path.removeprefix('/api/v10')}" for part in parts for r in part.routes()}
    assert routes == set(ROUTES)
