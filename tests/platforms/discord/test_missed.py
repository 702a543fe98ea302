"""What is written while nobody listens is found, whatever Discord shows first, and never taken twice."""

import asyncio
import time

import pytest

from relay.errors import InboxError
from relay.model import AudienceMessage, Role
from relay.platforms.discord import client, membership, missed, session
from relay.platforms.discord.client import NOTE_KNOWN, DiscordPlatform
from relay.platforms.discord.missed import Mark
from relay.platforms.discord.session_starts import LastStart
from relay.platforms.discord.settings import NOTE_BEGAN
from relay.platforms.intake import Intake
from relay.system.clock import now
from tests.doubles.discord import DiscordDouble, Hold
from tests.doubles.discord.world import READ_HISTORY
from tests.platforms.discord.conftest import LOOK_BACK, Connect, Run, Store, ready, session_ended
from tests.support import PATIENCE, eventually

pytestmark = pytest.mark.usefixtures("no_waiting")

CLOCKS_DIFFER = 15.0
"""Seconds an age may be off, far fewer than the clocks are: Discord tells its time in whole ones, and late."""


class TestAServerThatIsShownLate:
    async def test_is_waited_for(self, discord: DiscordDouble, platform: DiscordPlatform, store: Store) -> None:
        await ready(platform)
        await discord.say("one")
        await store.wait_for(1)
        await discord.gateway.hold_guild()
        await session_ended(discord)
        await discord.say("two")
        discord.gateway.show_guild()
        await store.wait_for(2)
        await discord.wait_ready()
        await discord.say("three")
        await store.wait_for(3)
        assert store.texts == ["one", "two", "three"]

    async def test_is_looked_up_whenever_it_comes(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(missed, "GUILDS_WITHIN", 0.01)
        await ready(platform)
        await discord.gateway.hold_guild()
        await session_ended(discord)
        await discord.say("while it was away")
        await eventually(lambda: "a server is away" in caplog.text)
        assert platform.health() in ("connecting", "connected", "connected, but a server is away")
        discord.gateway.show_guild()
        await store.wait_for(1)
        assert store.texts == ["while it was away"]

    async def test_is_looked_up_after_an_outage_of_its_own(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        await ready(platform)
        await discord.say("one")
        await store.wait_for(1)
        await discord.gateway.hold_guild()
        await discord.say("two")
        discord.gateway.show_guild()
        await store.wait_for(2)
        assert (store.texts, discord.gateway.identifies) == (["one", "two"], 1)


async def test_a_companion_with_a_voice_waits_for_the_server_too(
    discord: DiscordDouble, run: Run, store: Store
) -> None:
    store.notes[NOTE_KNOWN] = await discord.say("before")
    await discord.say("missed")
    await discord.gateway.hold_guild()
    async with run(until=lambda: discord.gateway.identifies == 1):
        discord.gateway.show_guild()
        await store.wait_for(1)
    assert store.texts == ["missed"]


async def test_a_look_that_fails_is_repeated(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LOOK_AGAIN", (0.01, 0.02))
    await ready(platform)
    discord.fail_next("/messages", 403, times=2)
    await discord.gateway.hold_guild()
    await session_ended(discord)
    await discord.say("missed")
    discord.gateway.show_guild()
    await store.wait_for(1)
    assert store.texts == ["missed"]


async def test_a_past_that_may_not_be_read_is_told_and_not_taken_for_an_empty_one(
    discord: DiscordDouble, connect: Connect, store: Store
) -> None:
    discord.world.everyone &= ~READ_HISTORY
    discord.world.bot_permissions &= ~READ_HISTORY
    async with connect() as platform:
        await ready(platform)
        assert platform.health() == (
            f"connected, but cannot look up what is missed in {discord.channel}: give the bot Read Message "
            "History there"
        )
        [line] = platform._shards
        assert int(discord.channel) in line.mark.gaps


async def test_a_hidden_channel_is_one_that_the_bot_cannot_see(discord: DiscordDouble, connect: Connect) -> None:
    discord.world.hidden.add(discord.channel)
    async with connect() as platform:
        await ready(platform)
        assert platform.health() == f"connected, but cannot see {discord.channel}: give the bot View Channel there"


class TestAcrossRuns:
    async def test_what_was_written_in_between_is_found(
        self, discord: DiscordDouble, connect: Connect, store: Store
    ) -> None:
        async with connect():
            await discord.say("one")
            await self.noted(store, await discord.say("two"))
        await discord.say("three")
        thread = await discord.open_thread()
        await discord.say("four", channel=thread)
        await discord.say("not for us", channel=discord.unlisted)
        async with connect():
            await store.wait_for(4)
            await discord.say("five")
            await store.wait_for(5)
        assert store.texts == ["one", "two", "three", "four", "five"]

    async def test_who_wrote_it_is_what_they_are_on_the_server(
        self, discord: DiscordDouble, connect: Connect, store: Store
    ) -> None:
        discord.world.person("ann", moderator=True, nick="Captain")
        discord.world.person("bob", booster=True)
        async with connect():
            await self.noted(store, await discord.say("one", author="cleo"))
        question = await discord.say("!relay mute cleo", author="ann")
        await discord.say("why her?", author="bob", reply_to=question)
        async with connect():
            await store.wait_for(3)
        command, reply = [each for each in store.items[1:] if isinstance(each, AudienceMessage)]
        assert (command.author.name, *command.author.roles) == ("Captain", Role.MODERATOR)
        assert [*reply.author.roles] == [Role.SUBSCRIBER]
        assert reply.replies_to is not None and reply.replies_to.author == command.author

    async def test_it_is_told_all_the_same_where_discord_does_not_say_who_wrote_it(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(membership, "WITHIN", 0.01)
        async with connect():
            await self.noted(store, await discord.say("one"))
        discord.gateway.tells_members = False
        await discord.say("two")
        async with connect():
            await store.wait_for(2)
        assert store.texts == ["one", "two"]

    async def test_the_first_run_notes_at_once_from_where_it_hears(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "NOTE_EVERY", 10 * PATIENCE)
        async with connect():
            await store.signal.wait_until(lambda: NOTE_KNOWN in store.notes, "a note")

    async def test_the_next_knows_when_the_last_session_began(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = asyncio.Queue[float | None]()

        async def turn(start: LastStart) -> None:
            known.put_nowait(start.before)

        monkeypatch.setattr(LastStart, "turn", turn)
        async with connect():
            assert await known.get() is None
            await store.signal.wait_until(lambda: NOTE_BEGAN in store.notes, "a note")
        began = float(store.notes[NOTE_BEGAN])
        async with connect():
            assert await known.get() == began

    async def test_the_next_knows_of_a_session_that_began_while_nothing_could_be_stored(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        is_waited_for = asyncio.Event()

        async def stored(_: Intake) -> None:
            is_waited_for.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(Intake, "stored", stored)
        async with connect() as platform:
            await ready(platform)
            await asyncio.wait_for(is_waited_for.wait(), PATIENCE)
            await store.signal.wait_until(lambda: NOTE_BEGAN in store.notes, "a note")
            before = store.notes[NOTE_BEGAN]
            await session_ended(discord)
            await store.signal.wait_until(lambda: store.notes[NOTE_BEGAN] != before, "a note of the new session")

    async def noted(self, store: Store, id: str) -> None:
        await store.signal.wait_until(lambda: store.notes.get(NOTE_KNOWN) == id, f"a note of {id}, got {store.notes}")

    async def test_what_is_older_than_an_answer_is_worth_is_left(
        self, discord: DiscordDouble, connect: Connect, store: Store
    ) -> None:
        async with connect():
            await self.noted(store, await discord.say("one"))
        await discord.say("too old")
        discord.clock.advance(LOOK_BACK + 5)
        await discord.say("recent")
        async with connect():
            await store.wait_for(2)
        assert store.texts == ["one", "recent"]

    async def test_what_was_not_stored_is_not_noted(
        self, discord: DiscordDouble, connect: Connect, store: Store
    ) -> None:
        async with connect():
            first = await discord.say("one")
            await self.noted(store, first)
            store.failures = [InboxError("no answer")] * 3
            second = await discord.say("two")
            await store.signal.wait_until(lambda: len(store.failures) < 3, "a refused try")
            assert store.notes[NOTE_KNOWN] == first
            await self.noted(store, second)
        assert store.texts == ["one", "two"]

    async def test_what_could_not_be_looked_up_is_looked_up_by_the_next_run(
        self, discord: DiscordDouble, connect: Connect, store: Store
    ) -> None:
        async with connect():
            await self.noted(store, await discord.say("one"))
        await discord.say("two")
        refusal = discord.fail_next("/messages", 403, times=1_000)
        async with connect():
            await discord.say("three")
            await store.wait_for(2)
        refusal.times = 0
        async with connect():
            await store.wait_for(3)
        assert sorted(set(store.texts)) == ["one", "three", "two"]

    async def test_a_store_that_is_away_at_the_start_is_waited_for(
        self, discord: DiscordDouble, connect: Connect, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failures = [InboxError("no answer")] * 2
        get_note = store.get_note

        async def away(name: str) -> str | None:
            if failures:
                raise failures.pop()
            return await get_note(name)

        monkeypatch.setattr(store, "get_note", away)
        async with connect():
            await discord.say("hello")
            await store.wait_for(1)
        assert store.texts == ["hello"]


class TestAges:
    """By this machine's clock, however Discord's differs from it."""

    @pytest.mark.parametrize("offset", [-130.0, -70.0, 0.0, 70.0])
    async def test_what_is_told_is_as_old_as_its_arrival(
        self, discord: DiscordDouble, connect: Connect, store: Store, offset: float
    ) -> None:
        discord.clock.offset = offset
        async with connect():
            before = now()
            await discord.say("hello")
            message = await store.first()
            assert before <= message.at <= now()

    @pytest.mark.parametrize("offset", [-70.0, 70.0])
    async def test_what_is_looked_up_is_as_old_as_discord_says(
        self, discord: DiscordDouble, connect: Connect, store: Store, offset: float
    ) -> None:
        discord.clock.offset = offset
        async with connect() as platform:
            await ready(platform)
            await discord.gateway.hold_guild()
            said_at = time.time()
            await discord.say("a while ago")
            discord.clock.advance(40)
            await session_ended(discord)
            discord.gateway.show_guild()
            message = await store.first()
        assert said_at - message.at == pytest.approx(40, abs=CLOCKS_DIFFER)

    async def test_what_a_resumed_session_repeats_has_waited(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        await ready(platform)
        hold = Hold("/")
        discord.fail(hold)
        await discord.drop_socket()
        await hold.reached.wait()
        said_at = time.time()
        await discord.say("said while the line was down")
        discord.clock.advance(40)
        # Discord's time is read from the answer that opens the new line
        hold.released.set()
        message = await store.first()
        assert said_at - message.at == pytest.approx(40, abs=CLOCKS_DIFFER)


class TestMark:
    def test_a_look_from_before_a_loss_does_not_close_the_gap_after_it(self) -> None:
        mark = Mark(newest=100)
        mark.lose([1], now=200)
        looked_at = mark.gaps[1]
        mark.lose([1], now=300)
        mark.close(1, looked_at)
        assert 1 in mark.gaps

    def test_nothing_counts_as_known_behind_a_gap(self) -> None:
        mark = Mark(newest=1_000 << 32)
        mark.lose([1, 2], now=0)
        lost_at = mark.known
        mark.saw(2_000 << 32)
        mark.close(1, mark.gaps[1])
        assert mark.known == lost_at
        mark.close(2, mark.gaps[2])
        assert mark.known == 2_000 << 32
