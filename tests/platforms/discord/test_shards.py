"""A bot on many servers: each shard is told of its own, and lives and dies by itself."""

import asyncio
from typing import Any

import pytest
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay

from relay.config import VoiceSection
from relay.errors import AuthError, PlatformUnavailable
from relay.model import PlatformDecision, Post
from relay.platforms import intake
from relay.platforms.discord.client import NOTE_KNOWN, DiscordPlatform
from relay.platforms.discord.voice.choosing import CompanionVoice
from relay.platforms.discord.voice.session import DiscordVoice
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.world import MANAGE_GUILD, VOICE
from tests.platforms.discord.conftest import Connect, Status, Store, adapter
from tests.support import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def rooms(discord: DiscordDouble) -> list[str]:
    """A channel on a server of each of two shards."""
    return [discord.open_server(shard=shard, of=2) for shard in (0, 1)]


def two(rooms: list[str], **over: Any) -> dict[str, Any]:
    """The settings of a bot with two shards that listens in both rooms."""
    return {"shards": 2, "channels": tuple(map(int, rooms))} | over


async def all_heard(discord: DiscordDouble, platform: DiscordPlatform, shards: int = 2) -> None:
    await discord.wait_shards(shards)
    await eventually(lambda: platform.health() == "connected")


async def has_noted(store: Store) -> None:
    """What is written from now on is looked up again by shards that come later."""
    await store.signal.wait_until(lambda: NOTE_KNOWN in store.notes, "a note")


async def posted(platform: DiscordPlatform, post: Post) -> None:
    """A session that ends in this moment takes a post down with it, which whoever posts then tries again."""
    retried = retry_if_exception_type(PlatformUnavailable)
    async for attempt in AsyncRetrying(retry=retried, stop=stop_after_delay(PATIENCE), reraise=True):
        with attempt:
            await platform.post(post)


async def test_chat_comes_in_from_every_shard_and_answers_go_out_to_each(
    discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
) -> None:
    async with connect(**two(rooms)) as platform:
        await all_heard(discord, platform)
        for room in rooms:
            await discord.say(f"hello from {room}", channel=room)
            await platform.post(Post(channel=room, text="welcome", nonce=room))
        await store.wait_for(2)
        replies = [(await discord.ask("who is there?", channel=room)).text for room in rooms]

    assert sorted(store.texts[:2]) == sorted(f"hello from {room}" for room in rooms)
    assert [(post.channel, post.text) for post in discord.posts] == [(room, "welcome") for room in rooms]
    assert replies == ["Asked! The answer comes here."] * 2
    assert sorted(discord.gateway.shards) == [(0, 2), (1, 2)]
    assert discord.interactions.syncs == 1, "one shard registers the commands for all"


class TestADeadShard:
    """Costs its own servers alone, and nothing of theirs."""

    async def test_is_missed_by_nobody_else_and_misses_nothing(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
    ) -> None:
        async with connect(**two(rooms)) as platform:
            await all_heard(discord, platform)
            await discord.say("one", channel=rooms[1])
            await store.wait_for(1)

            discord.gateway.dead.add(1)
            await discord.drop_socket(shard=1)
            await discord.say("said to a dead shard", channel=rooms[1])
            await discord.say("two", channel=rooms[0])
            await store.wait_for(2)
            await eventually(lambda: "shard 1 of 2: " in platform.health())
            await eventually(platform.listening.is_set)
            await posted(platform, Post(channel=rooms[1], text="still there", nonce="n"))

            discord.gateway.dead.clear()
            await store.wait_for(3)
            await all_heard(discord, platform)

        assert store.texts == ["one", "two", "said to a dead shard"]
        assert [post.text for post in discord.posts] == ["still there"]

    async def test_at_the_start_leaves_the_others_to_begin(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
    ) -> None:
        discord.gateway.dead.add(0)
        async with connect(**two(rooms)) as platform:
            await discord.say("hello", channel=rooms[1])
            await store.wait_for(1)
            assert platform.health().startswith("connected, but shard 0 of 2: ")
            discord.gateway.dead.clear()
            await all_heard(discord, platform)

    @pytest.mark.parametrize("resumable", [True, False])
    async def test_comes_back_to_its_session_or_begins_another_alone(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str], resumable: bool
    ) -> None:
        async with connect(**two(rooms)) as platform:
            await all_heard(discord, platform)
            await discord.say("one", channel=rooms[1])
            await store.wait_for(1)
            await discord.invalidate_session(resumable, shard=1)
            await discord.say("two", channel=rooms[1])
            await discord.say("three", channel=rooms[0])
            await store.wait_for(3)
            await all_heard(discord, platform)

        assert sorted(store.texts) == ["one", "three", "two"]
        begun = [shard for shard, _ in discord.gateway.shards]
        assert sorted(begun) == ([0, 1] if resumable else [0, 1, 1])


class TestVoice:
    async def test_goes_to_a_server_of_another_shard_when_the_streamer_does(
        self, discord: DiscordDouble, connect: Connect, rooms: list[str]
    ) -> None:
        lobby = discord.world.add_channel("lobby", VOICE, guild=discord.world.channels[rooms[1]].guild).id
        there = discord.world.channels[rooms[0]].guild
        lounge = discord.world.add_channel("lounge", VOICE, guild=there).id
        voice = DiscordVoice(VoiceSection(streamer=int(discord.person("ann").id), channels=(int(lounge), int(lobby))))
        async with connect(**two(rooms), voice=CompanionVoice(voice)) as platform:
            await all_heard(discord, platform)
            for channel in (lounge, lobby, lounge):
                await discord.enter("ann", channel)
                await discord.voice.wait_joined(channel)
        assert len(discord.voice.wishes) >= 5, "it leaves one server before it comes to another"


class TestOneBotForMany:
    """Somebody above sends what comes in to the companion of its place."""

    async def test_what_it_hears_can_be_changed_while_it_runs(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
    ) -> None:
        async with connect(**two(rooms[:1])) as platform:
            await all_heard(discord, platform)
            await discord.say("not heard yet", channel=rooms[1])
            await discord.say("heard", channel=rooms[0])
            await store.wait_for(1)
            await platform.set_channels(rooms[1:])
            await discord.say("not heard any more", channel=rooms[0])
            await discord.say("heard now", channel=rooms[1])
            await store.wait_for(2)
            assert platform.channels() == rooms[1:] and platform.health() == "connected"

        assert store.texts == ["heard", "heard now"]
        assert discord.gateway.identifies == 2, "nothing was connected again"

    async def test_what_comes_in_names_its_places(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
    ) -> None:
        async with connect(**two(rooms)) as platform:
            await all_heard(discord, platform)
            thread = await discord.open_thread(parent=rooms[1])
            message = await discord.say("in a thread", channel=thread)
            await discord.edit(message, "edited")
            await discord.delete(message)
            await discord.ban("troll", discord.world.channels[rooms[1]].guild)
            items = await store.wait_for(4)
        places = [() if isinstance(each, PlatformDecision) else each.places for each in items]
        assert places == [(thread, rooms[1])] * 3 + [(rooms[1],)]

    async def test_whoever_steers_says_where(
        self, discord: DiscordDouble, connect: Connect, controls: Status, rooms: list[str]
    ) -> None:
        async with connect(**two(rooms)) as platform:
            await all_heard(discord, platform)
            thread = await discord.open_thread(parent=rooms[1])
            for place in (rooms[0], thread):
                await discord.command("relay status", permissions=MANAGE_GUILD, channel=place)
        assert [by.places for _, by in controls.asked] == [(rooms[0],), (thread, rooms[1])]

    async def test_a_channel_that_no_shard_knows_shows_in_the_health(
        self, discord: DiscordDouble, connect: Connect, rooms: list[str]
    ) -> None:
        async with connect(**two([*rooms, "404"])) as platform:
            await eventually(
                lambda: platform.health() == "connected, but cannot see 404: give the bot View Channel there"
            )


class TestHowMany:
    async def test_a_small_bot_has_one_and_asks_nothing_more(
        self, discord: DiscordDouble, platform: DiscordPlatform
    ) -> None:
        assert discord.gateway.shards == [(0, 1)]
        assert discord.requests.count("GET /api/v10/gateway/bot") == 1

    async def test_a_large_one_has_as_many_as_discord_advises(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
    ) -> None:
        discord.gateway.guilds_advised = 2
        async with connect(channels=tuple(map(int, rooms))) as platform:
            await all_heard(discord, platform)
            for room in rooms:
                await discord.say("hello", channel=room)
            await store.wait_for(2)
        assert sorted(discord.gateway.shards) == [(0, 2), (1, 2)]

    async def test_one_that_has_grown_too_large_while_it_ran_takes_more_and_misses_nothing(
        self, discord: DiscordDouble, connect: Connect, store: Store, rooms: list[str]
    ) -> None:
        async with connect(channels=tuple(map(int, rooms))) as platform:
            await all_heard(discord, platform, shards=1)
            await has_noted(store)
            discord.gateway.guilds_a_shard = discord.gateway.guilds_advised = 2
            await discord.invalidate_session()
            await discord.say("said meanwhile", channel=rooms[1])
            await all_heard(discord, platform)
            await store.wait_for(1)
        assert store.texts == ["said meanwhile"]
        assert sorted(discord.gateway.shards) == [(0, 1), (0, 1), (0, 2), (1, 2)]

    async def test_one_that_takes_more_while_nothing_can_be_stored_notes_again_what_is_stored(
        self,
        discord: DiscordDouble,
        connect: Connect,
        store: Store,
        rooms: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(intake, "GRACE", 0.0)  # the store is away for longer than that
        async with connect(channels=tuple(map(int, rooms))) as platform:
            await all_heard(discord, platform, shards=1)
            await has_noted(store)
            store.pause()
            await discord.say("given up with its shard", channel=rooms[0])
            discord.gateway.guilds_a_shard = discord.gateway.guilds_advised = 2
            await discord.invalidate_session()
            await all_heard(discord, platform)
            store.go_on()
            first, _ = [int(await discord.say("said later", channel=room)) for room in rooms]

            await store.signal.wait_until(lambda: int(store.notes.get(NOTE_KNOWN, 0)) >= first, "a note of it")

    async def test_a_number_that_is_too_small_ends_the_run_with_the_fix(
        self, discord: DiscordDouble, store: Store, rooms: list[str]
    ) -> None:
        discord.gateway.guilds_a_shard = 1
        with pytest.raises(AuthError, match=r'discord\.shards: 2 is too few.*"auto"'):
            async with asyncio.timeout(PATIENCE):
                await adapter(discord, store, Status(), **two(rooms)).run()

    async def test_processes_take_a_part_of_them_each(
        self, discord: DiscordDouble, store: Store, rooms: list[str]
    ) -> None:
        stores = [Store(), Store()]
        made = [adapter(discord, kept, Status(), **two(rooms, shard_ids=(shard,))) for shard, kept in enumerate(stores)]
        async with asyncio.TaskGroup() as processes:
            running = [processes.create_task(each.run()) for each in made]
            await discord.wait_shards(2)
            for room in rooms:
                await discord.say(f"in {room}", channel=room)
            for kept in stores:
                await kept.wait_for(1)
            for task in running:
                task.cancel()

        assert [kept.texts for kept in stores] == [[f"in {room}"] for room in rooms]
        assert discord.interactions.syncs == 1
