from collections.abc import AsyncIterator, Sequence

import pytest

from relay.config import ForwardingSection
from relay.model import AudienceMessage, Kind, Post, Quoted
from relay.platforms.discord.client import DiscordPlatform
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.server_events import ACTIVE, BOOST, BOOST_TIER_2, CANCELED, COMPLETED
from tests.doubles.discord.world import GUILD_MEMBERS_LIMITED
from tests.platforms.discord.conftest import Connect, Store
from tests.support import eventually

KINDS = frozenset({Kind.REACTION, Kind.MEMBER, Kind.BOOST, Kind.SCHEDULED_EVENT, Kind.STAGE})
REACTIONS, SCHEDULED_EVENTS = 1 << 10, 1 << 16
"""Gateway intents."""


async def told(store: Store, n: int) -> Sequence[AudienceMessage]:
    return [message for message in await store.wait_for(n) if isinstance(message, AudienceMessage)]


def test_they_are_off_unless_somebody_turns_them_on() -> None:
    assert not KINDS & ForwardingSection().wanted


async def test_what_is_off_is_not_asked_for_and_not_told(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    [session] = discord.gateway.live
    assert not session.intents & (REACTIONS | SCHEDULED_EVENTS)

    await discord.say("ann has boosted", type=BOOST)
    await discord.server.tell_stage("CREATE", discord.server.stage(discord.open_voice_channel(stage=True), "Cats"))
    await discord.say("hello")
    await store.wait_for(1)
    assert store.texts == ["hello"]


async def test_a_kind_needs_only_its_own_intent(discord: DiscordDouble, connect: Connect) -> None:
    async with connect(wanted=(Kind.REACTION,)):
        [session] = discord.gateway.live
        assert session.intents & REACTIONS and not session.intents & SCHEDULED_EVENTS


class TestWhatIsWanted:
    @pytest.fixture
    async def platform(self, discord: DiscordDouble, connect: Connect) -> AsyncIterator[DiscordPlatform]:
        discord.world.application_flags |= GUILD_MEMBERS_LIMITED
        async with connect(wanted=KINDS) as connected:
            yield connected

    async def test_a_reaction_names_its_emoji_and_whether_it_answers_the_companion(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        ann, robot = discord.person("ann", nick="Annie"), discord.person("robot", bot=True)
        await platform.post(Post(channel=discord.channel, text="I sing", nonce="n"))
        [post] = discord.posts
        other = await discord.say("hi", author="bob")
        elsewhere = await discord.say("hi", channel=discord.unlisted)
        await discord.server.react(ann, discord.channel, post.id)
        await discord.server.react(robot, discord.channel, post.id)
        await discord.server.react(ann, discord.unlisted, elsewhere)
        await discord.server.react(ann, discord.channel, other, {"id": "5", "name": "kappa", "animated": False})
        _, first, second = await told(store, 3)
        assert (first.kind, first.author.name, first.detail) == (Kind.REACTION, "Annie", "🎉")
        assert (first.replies_to, first.reply_to, first.channel) == (
            Quoted(author=None, text=""),
            post.id,
            discord.channel,
        )
        assert first.channel == discord.channel
        assert (second.detail, second.replies_to, second.reply_to) == (":kappa:", None, other)

    async def test_the_same_reaction_taken_back_and_given_again_is_the_same_event(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        message = await discord.say("hi")
        for _ in range(2):
            await discord.server.react(discord.person("ann"), discord.channel, message)
        _, first, second = await told(store, 3)
        assert first.id == second.id

    async def test_who_joins_is_told_once_it_is_new(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        await discord.signal.wait_until(lambda: discord.gateway.chunks > 0, "a request for the members")
        await discord.server.join(discord.person("old"), ago=86_400)
        await discord.server.join(discord.person("robot", bot=True))
        await discord.server.join(discord.person("new"))
        [message] = await told(store, 1)
        assert (message.kind, message.author.name, message.detail) == (Kind.MEMBER, "new", "Studio")
        assert message.channel == discord.channel and platform.health() == "connected"

    async def test_a_boost_says_how_many_or_what_it_brings(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        notice = await discord.say("3", type=BOOST)
        await discord.say("", author="bob", type=BOOST_TIER_2, channel=discord.unlisted)
        first, second = await told(store, 2)
        assert (first.kind, first.author.name, first.amount, first.moment) == (Kind.BOOST, "ann", 3, None)
        assert (first.id, first.reply_to, first.detail) == (notice, notice, "Studio")
        assert (second.author.name, second.amount, second.moment) == ("bob", 2, "level")
        assert (second.channel, second.reply_to) == (discord.channel, None)

    async def test_a_planned_event_is_told_until_it_is_over(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        server, ann = discord.server, discord.person("ann")
        event, other = server.scheduled_event("Karaoke", ann), server.scheduled_event("Chess")
        await server.tell_event("CREATE", event)
        await server.tell_event("UPDATE", event | {"user_count": 5})
        await server.tell_event("UPDATE", event | {"status": ACTIVE})
        await server.tell_event("UPDATE", event | {"status": COMPLETED})
        await server.tell_event("DELETE", event | {"status": COMPLETED})
        await server.tell_event("CREATE", other)
        await server.tell_event("UPDATE", other | {"status": CANCELED})
        await discord.say("next")
        messages = await told(store, 6)
        assert [(m.text, m.moment) for m in messages[:5]] == [
            ("Karaoke", "planned"), ("Karaoke", "begin"), ("Karaoke", "end"), ("Chess", "planned"), ("Chess", "cancel"),
        ]  # fmt: skip
        assert [m.author.name for m in messages[2:4]] == ["ann", "Studio"]
        assert [m.author.is_nobody for m in messages[2:4]] == [False, True]
        assert messages[0].detail == "01 May 2030 18:00 UTC"

    async def test_an_event_that_is_deleted_before_it_began_is_cancelled(
        self, discord: DiscordDouble, platform: DiscordPlatform, store: Store
    ) -> None:
        event = discord.server.scheduled_event("Karaoke")
        await discord.server.tell_event("CREATE", event)
        await discord.server.tell_event("DELETE", event)
        assert [message.moment for message in await told(store, 2)] == ["planned", "cancel"]

    async def test_a_stage_tells_its_topics(
        self, discord: DiscordDouble, connect: Connect, store: Store, no_waiting: None
    ) -> None:
        server, channel = discord.server, discord.open_voice_channel("Town hall", stage=True)
        async with connect(wanted=KINDS):
            stage = server.stage(channel, "Cats")
            await server.tell_stage("CREATE", stage)
            await server.tell_stage("UPDATE", stage | {"topic": "Dogs"})
            await server.tell_stage("UPDATE", stage | {"topic": "Dogs", "discoverable_disabled": False})
            await server.tell_stage("DELETE", stage | {"topic": "Dogs"})
            messages = await told(store, 3)
        assert [(m.moment, m.text, m.detail) for m in messages] == [
            ("begin", "Cats", "Town hall"), ("topic", "Dogs", "Town hall"), ("end", "Dogs", "Town hall"),
        ]  # fmt: skip
        assert len({m.id for m in messages}) == 3


async def test_what_discord_does_not_tell_although_it_is_wanted_is_said(
    discord: DiscordDouble, connect: Connect
) -> None:
    async with connect(wanted=(Kind.MEMBER,)) as platform:
        await eventually(platform.listening.is_set)
        await eventually(lambda: "tick Server Members Intent" in platform.health())
