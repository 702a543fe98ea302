from collections.abc import AsyncIterator
from typing import Any

import pytest

from relay.model import AudienceMessage, Author, Edit, Kind, Post, Quoted, Retraction, Role
from relay.platforms.discord.client import DiscordPlatform
from relay.system.clock import now
from tests.doubles.discord import DiscordDouble
from tests.doubles.discord.contents import attachment
from tests.doubles.discord.world import GUILD_MEMBERS_LIMITED
from tests.platforms.discord.conftest import Connect, Status, Store, adapter

VIEWER = frozenset({Role.VIEWER})
pytestmark = pytest.mark.usefixtures("platform")


async def test_a_message_is_read_with_its_author_channel_and_time(discord: DiscordDouble, store: Store) -> None:
    discord.person("ann", nick="Ann the Great")
    before = now()
    message_id = await discord.say("hello", author="ann")
    message = await store.first()
    assert (message.platform, message.kind, message.id) == ("discord", Kind.CHAT, message_id)
    assert (message.channel, message.reply_to) == (discord.channel, message_id)
    assert (message.author.id, message.author.name) == (discord.person("ann").id, "Ann the Great")
    assert before <= message.at <= now()


@pytest.mark.parametrize(
    ("name", "traits", "roles"),
    [
        ("viewer", {}, {Role.VIEWER}),
        ("mod", {"moderator": True}, {Role.MODERATOR}),
        ("booster", {"booster": True}, {Role.SUBSCRIBER}),
        ("owner", {}, {Role.STREAMER, Role.MODERATOR}),
    ],
)
async def test_roles_come_from_ownership_permissions_and_boosts(
    discord: DiscordDouble, store: Store, name: str, traits: dict[str, Any], roles: set[Role]
) -> None:
    discord.person(name, **traits)
    await discord.say("hello", author=name)
    assert (await store.first()).author.roles == roles


async def test_only_people_in_chosen_channels_are_heard(discord: DiscordDouble, store: Store) -> None:
    discord.person("robot", bot=True)
    await discord.say("elsewhere", channel=discord.unlisted)
    await discord.say("beep", author="robot")
    await discord.say("from a webhook", webhook_id="77")
    await discord.say("ann pinned a message", type=6)
    await discord.say("for you")
    await store.wait_for(1)
    assert store.texts == ["for you"]


async def test_the_bot_does_not_hear_itself(discord: DiscordDouble, platform: DiscordPlatform, store: Store) -> None:
    await platform.post(Post(channel=discord.channel, text="I am the companion", nonce="n"))
    await discord.say("I am a person")
    await store.wait_for(1)
    assert store.texts == ["I am a person"]


async def test_a_thread_of_a_chosen_channel_counts_and_keeps_its_own_id(discord: DiscordDouble, store: Store) -> None:
    thread = await discord.open_thread()
    other = await discord.open_thread(parent=discord.unlisted)
    await discord.say("not here", channel=other)
    await discord.say("in the thread", channel=thread)
    message = await store.first()
    assert (message.text, message.channel) == ("in the thread", thread)


async def test_a_mention_of_the_bot_is_addressed_and_shown_by_name(discord: DiscordDouble, store: Store) -> None:
    await discord.say("what time is it?", mention_bot=True)
    message = await store.first()
    assert (message.addressed, message.text) == (True, "@relay-bot what time is it?")


async def test_a_mention_of_the_bots_own_role_is_addressed(discord: DiscordDouble, store: Store) -> None:
    await discord.say(f"<@&{discord.world.bot_role}> hello")
    message = await store.first()
    assert (message.addressed, message.text) == (True, "@relay-bot hello")


async def test_a_reply_is_addressed_only_when_it_answers_the_bot(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    await platform.post(Post(channel=discord.channel, text="ask me anything", nonce="n"))
    [post] = discord.posts
    first = await discord.say("to the bot", reply_to=post.id)
    await discord.say("to ann", author="bob", reply_to=first)
    messages = await store.wait_for(2)
    assert [m.addressed for m in messages if isinstance(m, AudienceMessage)] == [True, False]


async def test_a_reply_carries_what_it_replies_to_and_who_wrote_that(
    discord: DiscordDouble, platform: DiscordPlatform, store: Store
) -> None:
    await platform.post(Post(channel=discord.channel, text="ask me anything", nonce="n"))
    [post] = discord.posts
    first = await discord.say("w" * 300, reply_to=post.id)
    second = await discord.say("", author="bob", reply_to=first, attachments=[attachment()])
    await discord.say("nice", author="cleo", reply_to=second)
    to_bot, to_ann, to_bob = [m.replies_to for m in await store.wait_for(3) if isinstance(m, AudienceMessage)]
    assert to_bot == Quoted(author=None, text="ask me anything")
    assert to_ann is not None and to_bob is not None
    assert (to_ann.author, len(to_ann.text)) == (Author(id=discord.person("ann").id, name="ann", roles=VIEWER), 200)
    assert to_bob.text == "sent a picture"


async def test_a_reply_names_who_it_replies_to_as_the_server_does(discord: DiscordDouble, store: Store) -> None:
    captain = discord.world.person("ann", nick="Captain")
    first = await discord.say("hello")
    await discord.say("hi", author="bob", reply_to=first, mentions=[captain.user()])
    original, reply = [each for each in await store.wait_for(2) if isinstance(each, AudienceMessage)]
    assert reply.replies_to is not None
    assert (original.author.name, reply.replies_to.author) == ("Captain", original.author)


async def test_a_reply_to_a_deleted_message_is_still_heard(discord: DiscordDouble, store: Store) -> None:
    await discord.say("to nothing", reply_to="123456789")
    message = await store.first()
    assert (message.addressed, message.replies_to) == (False, None)


async def test_an_edit_brings_the_new_text_and_a_link_preview_does_not(discord: DiscordDouble, store: Store) -> None:
    message_id = await discord.say("helo https://example.com")
    await discord.unfurl(message_id)
    await discord.edit(message_id, "hello <@1>")
    items = await store.wait_for(2)
    assert items[1] == Edit(platform="discord", id=message_id, text="hello @someone", places=(discord.channel,))


async def test_words_added_to_a_picture_are_what_somebody_says(discord: DiscordDouble, store: Store) -> None:
    message_id = await discord.say("", attachments=[attachment()])
    await discord.edit(message_id, "my cat")
    await discord.edit(message_id, "")
    items = await store.wait_for(3)
    assert [each.is_action for each in items if isinstance(each, AudienceMessage | Edit)] == [True, False, True]


async def test_an_edit_elsewhere_is_ignored(discord: DiscordDouble, store: Store) -> None:
    elsewhere = await discord.say("psst", channel=discord.unlisted)
    await discord.edit(elsewhere, "psst!")
    await discord.delete(elsewhere)
    await discord.say("here")
    await store.wait_for(1)
    assert store.texts == ["here"] and len(store.items) == 1


async def test_deleted_messages_are_retracted_one_by_one(discord: DiscordDouble, store: Store) -> None:
    one, two, three = [await discord.say(text) for text in "abc"]
    await discord.delete(one)
    await discord.delete(two, three)
    retractions = (await store.wait_for(6))[3:]
    assert [r.id for r in retractions if isinstance(r, Retraction)] == [one, two, three]
    assert all(isinstance(r, Retraction) and r.reason == "deleted on discord" for r in retractions)


async def test_a_deleted_thread_takes_its_messages_along(discord: DiscordDouble, store: Store) -> None:
    thread = await discord.open_thread()
    await discord.delete_channel(thread)
    await discord.delete_channel(discord.unlisted)
    await discord.delete_channel(discord.channel)
    gone = await store.wait_for(2)
    assert [r.channel for r in gone if isinstance(r, Retraction)] == [thread, discord.channel]


async def test_a_ban_retracts_everything_of_its_author(discord: DiscordDouble, store: Store) -> None:
    await discord.ban("troll")
    [retraction] = await store.wait_for(1)
    assert retraction == Retraction(
        platform="discord",
        reason="author banned on discord",
        author_id=discord.person("troll").id,
        places=(discord.channel,),
    )


class TestWithTheMembersIntent:
    @pytest.fixture
    async def platform(self, discord: DiscordDouble, connect: Connect) -> AsyncIterator[DiscordPlatform]:
        discord.world.application_flags |= GUILD_MEMBERS_LIMITED
        discord.person("troll")
        async with connect() as connected:
            await discord.signal.wait_until(lambda: discord.gateway.chunks > 0, "a request for the members")
            yield connected

    async def test_a_timeout_retracts_everything_of_its_author_once(self, discord: DiscordDouble, store: Store) -> None:
        await discord.time_out("troll")
        await discord.time_out("troll", seconds=120)
        await discord.say("after that")
        items = await store.wait_for(2)
        troll = discord.person("troll").id
        assert items[0] == Retraction(
            platform="discord", reason="author timed out on discord", author_id=troll, places=(discord.channel,)
        )
        assert store.texts == ["after that"]


class TestItsNames:
    @pytest.fixture
    async def platform(self, discord: DiscordDouble, connect: Connect) -> AsyncIterator[DiscordPlatform]:
        discord.world.bot.nick = "Companion"
        discord.world.bot.global_name = "The Great"
        async with connect() as connected:
            await discord.wait_ready()
            yield connected

    @pytest.mark.parametrize("name", ["relay-bot", "Companion", "the Great"])
    async def test_who_writes_one_of_them_addresses_it(self, discord: DiscordDouble, store: Store, name: str) -> None:
        await discord.say(f"@{name.lower()} how are you?")
        await discord.say(f"I have seen {name}s and {name}ly things")
        named, other = await store.wait_for(2)
        assert isinstance(named, AudienceMessage) and isinstance(other, AudienceMessage)
        assert (named.addressed, other.addressed) == (True, False)


class TestListeningOnlyWhenAddressed:
    @pytest.fixture
    def platform(self, discord: DiscordDouble, store: Store, controls: Status) -> DiscordPlatform:
        return adapter(discord, store, controls, listen_to="addressed")

    def test_it_says_so(self, platform: DiscordPlatform) -> None:
        assert platform.addressed_only
