"""What the audience does on Twitch, through the real TwitchIO, as the relay receives it."""

import pytest

from relay.model import AudienceMessage, Kind, Post, Retraction, Role
from tests.doubles.twitch import TwitchDouble, payloads
from tests.platforms.twitch.conftest import EVERYTHING, Connect, Received


@pytest.fixture
def kinds() -> frozenset[Kind]:
    return EVERYTHING


async def test_every_kind_of_event_arrives_once(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch):
        await twitch.follow("ann")
        await twitch.subscribe("ann")
        await twitch.gift("ben", total=3)
        await twitch.resub("cat", text="a year!", months=12)
        await twitch.cheer("dan", bits=100, text="Cheer100 hi")
        await twitch.raid("eve", viewers=42)
        await twitch.redeem("fay", reward="Sing", text="la la")
        await twitch.online()
        await twitch.offline()
        await twitch.chat("last")
        await received.until_text("last")

    assert [(message.kind, message.amount) for message in received.messages] == [
        (Kind.FOLLOW, None),
        (Kind.SUBSCRIBE, None),
        (Kind.GIFT, 3),
        (Kind.RESUBSCRIBE, 12),
        (Kind.CHEER, 100),
        (Kind.RAID, 42),
        (Kind.REDEMPTION, None),
        (Kind.ONLINE, None),
        (Kind.OFFLINE, None),
        (Kind.CHAT, None),
    ]


async def test_a_flood_arrives_in_the_order_it_was_written(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        for number in range(500):
            await twitch.chat(f"message {number}")
        await received.until(500)

    assert received.texts == [f"message {number}" for number in range(500)]


async def test_an_event_delivered_twice_is_received_once(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        for _ in range(2):
            await twitch.chat("twice", repeat_as="same")
        await twitch.chat("last")
        await received.until_text("last")

    assert received.texts == ["twice", "last"]


async def test_deletions_bans_and_clears_become_retractions(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        id = await twitch.chat("oops")
        await twitch.delete(id)
        await twitch.clear_user("ann")
        await twitch.clear()
        _, deleted, banned, cleared = await received.until(4)

    assert isinstance(deleted, Retraction) and deleted.id == id
    assert isinstance(banned, Retraction) and banned.author_id == twitch.state.user("ann").id
    assert isinstance(cleared, Retraction) and cleared.channel == twitch.channel.id


@pytest.mark.parametrize("kind", [Kind.CHEER, Kind.RESUBSCRIBE])
async def test_who_deletes_the_message_of_a_cheer_or_a_resubscription_takes_that_back(
    twitch: TwitchDouble, connect: Connect, received: Received, kind: Kind
) -> None:
    async with connect(twitch):
        await (twitch.cheer("ann", 100, "oops") if kind is Kind.CHEER else twitch.resub("ann", "oops"))
        await twitch.delete(list(twitch.state.spoken)[-1])
        told, deleted = await received.until(2)

    assert isinstance(told, AudienceMessage) and (told.kind, told.text) == (kind, "oops")
    assert isinstance(deleted, Retraction) and deleted.concerns([told.key], [], [])


async def test_the_companions_own_posts_are_not_received(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch) as platform:
        await platform.post(Post(channel=twitch.channel.id, text="Hello  everyone!", nonce="1"))
        await twitch.chat("last")
        await received.until_text("last")

    assert received.texts == ["last"]


async def test_what_the_streamer_types_on_the_companions_account_is_received(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch) as platform:
        await platform.post(Post(channel=twitch.channel.id, text="Hello everyone!", nonce="1"))
        await twitch.chat("that was my companion", author="streamer", badges=["broadcaster"])
        await received.until(1)

    [message] = received.messages
    assert message.text == "that was my companion"
    assert message.author.roles == {Role.STREAMER}


async def test_a_companion_with_an_account_of_its_own_hears_nothing_of_itself(
    connect: Connect, received: Received
) -> None:
    async with TwitchDouble(account="vox") as twitch, connect(twitch):
        await twitch.chat("sent by another tool", author="vox")
        await twitch.chat("hi @vox")
        await received.until(1)

    [message] = received.messages
    assert (message.text, message.addressed) == ("hi @vox", True)


async def test_a_reply_to_a_post_is_addressed(twitch: TwitchDouble, connect: Connect, received: Received) -> None:
    async with connect(twitch) as platform:
        await platform.post(Post(channel=twitch.channel.id, text="Hello!", nonce="1"))
        await twitch.chat("thanks", reply_to=twitch.posts[0].id)
        await received.until(1)

    assert received.messages[0].addressed


async def test_a_shared_chat_message_is_received_once(connect: Connect, received: Received) -> None:
    async with TwitchDouble(account="vox", channels=["ann", "ben"]) as twitch, connect(twitch):
        ann = twitch.state.user("ann")
        source = {f"source_{key}": value for key, value in ann.named("broadcaster_user").items()}
        await twitch.chat("shared", author="cat", channel="ann", **source)
        await twitch.chat("shared", author="cat", channel="ben", **source)
        await twitch.chat("last", channel="ben")
        await received.until_text("last")

    assert received.texts == ["shared", "last"]
    assert received.messages[0].channel == ann.id


@pytest.mark.parametrize("lost", ["bits:read", "channel:read:redemptions"])
async def test_without_the_scope_of_an_event_its_chat_message_counts(
    connect: Connect, received: Received, lost: str
) -> None:
    everything = TwitchDouble().state.grant.scopes
    async with TwitchDouble(scopes=[scope for scope in everything if scope != lost]) as twitch, connect(twitch):
        await (twitch.cheer("ann", 100, "hurray") if lost == "bits:read" else twitch.redeem("ann", text="hurray"))
        await twitch.chat("last")
        await received.until_text("last")

    assert received.texts == ["hurray", "last"]


async def test_a_companion_with_an_account_of_its_own_learns_from_chat_what_only_the_streamer_may_subscribe(
    connect: Connect, received: Received
) -> None:
    async with TwitchDouble(account="vox") as twitch, connect(twitch):
        await twitch.subscribe("ann")
        await twitch.gift("ben", total=3)
        await twitch.gift(None, total=1)
        await twitch.resub("cat", text="a year!", months=12)
        await twitch.cheer("dan", bits=100, text="Cheer100 hi")
        await twitch.raid("eve", viewers=42)
        await twitch.chat("last")
        await received.until_text("last")

    assert [(message.kind, message.author.name, message.amount) for message in received.messages[:-1]] == [
        (Kind.SUBSCRIBE, "Ann", None),
        (Kind.GIFT, "Ben", 3),
        (Kind.GIFT, "Anonymous", 1),
        (Kind.RESUBSCRIBE, "Cat", 12),
        (Kind.CHEER, "Dan", 100),
        (Kind.RAID, "Eve", 42),
    ]


async def test_what_is_written_after_me_arrives_without_its_marks(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        await twitch.chat("waves at @streamer", me=True)
        await received.until(1)

    [message] = received.messages
    assert (message.text, message.addressed) == ("waves at @streamer", True)


@pytest.mark.parametrize("type", ["watch_streak", "bits_badge_tier", "modiversary", "unknown", "new_next_year"])
async def test_what_somebody_writes_with_a_notice_is_chat_beside_what_it_tells(
    twitch: TwitchDouble, connect: Connect, received: Received, type: str
) -> None:
    async with connect(twitch):
        id = await twitch.notice(type, author="ann", text="I am back!")
        await received.until(2)

    [told, said] = received.messages
    assert (said.kind, said.author.name, said.text) == (Kind.CHAT, "Ann", "I am back!")
    assert (said.id, said.reply_to) == (id, id)
    assert told.kind is not Kind.CHAT
    assert (told.id, told.text, told.author) == (f"{id}-{type}", "", said.author)


async def test_what_is_written_with_a_notice_counts_also_where_its_own_event_tells_the_rest(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch):
        await twitch.notice("sub", author="ann", text="hello from a new subscriber")
        await twitch.chat("last")
        await received.until_text("last")

    assert [(message.kind, message.text) for message in received.messages] == [
        (Kind.CHAT, "hello from a new subscriber"),
        (Kind.CHAT, "last"),
    ]


async def test_a_notice_whose_shape_twitch_has_changed_is_told_in_twitchs_words(
    twitch: TwitchDouble, connect: Connect, received: Received
) -> None:
    async with connect(twitch) as platform:
        event = payloads.notice(twitch.channel, twitch.state.user("ann"), "watch_streak", text="I am back!")
        event["watch_streak"] = {"streak": {"of": "another shape"}}
        del event["modiversary"]
        await twitch.notify("channel.chat.notification", twitch.channel, event)
        await received.until(2)

        assert [(message.kind, message.detail, message.text) for message in received.messages] == [
            (Kind.NOTICE, "a watch_streak happened", ""),
            (Kind.CHAT, None, "I am back!"),
        ]
        assert platform.unread() == {"channel.chat.notification": 1}


async def test_a_subscription_in_chat_counts_also_where_twitch_sends_null_for_an_empty_message(
    connect: Connect, received: Received
) -> None:
    """https://github.com/twitchdev/issues/issues/983 shows it."""
    async with TwitchDouble(account="vox") as twitch, connect(twitch):
        event = payloads.sub_notice(twitch.channel, twitch.state.user("ann"), "1000")
        event["message"]["fragments"] = None
        await twitch.notify("channel.chat.notification", twitch.channel, event)
        await received.until(1)

    assert received.messages[0].kind is Kind.SUBSCRIBE


async def test_missing_scopes_are_logged_once_shown_in_health_and_never_tried(
    connect: Connect, received: Received, caplog: pytest.LogCaptureFixture
) -> None:
    async with TwitchDouble(scopes=["user:read:chat", "user:write:chat"]) as twitch, connect(twitch) as platform:
        health = platform.health()
        await twitch.chat("hello")
        await received.until_text("hello")

        tried = {sub.type for sub in twitch.subscriptions}
    assert "channel.follow" not in tried and "channel.raid" in tried
    assert "the login does not allow channel points (channel:read:redemptions), follows (moderator:read" in health
    assert health.endswith("run `relay auth twitch`")
    lines = [record.getMessage() for record in caplog.records if "moderator:read:followers" in record.getMessage()]
    assert lines == ["the Twitch login lacks moderator:read:followers: no follows; `relay auth twitch` asks for it"]


async def test_scopes_that_acts_and_rewards_need_are_missed_at_the_start_and_in_health(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    wishes = {"acts": ("poll",), "rewards": True}
    async with TwitchDouble() as twitch, connect(twitch, wishes=wishes) as platform:
        health = platform.health()

    assert "poll acts (channel:manage:polls), points paid back (channel:manage:redemptions): run" in health
    assert "lacks channel:manage:redemptions: no points paid back; `relay auth twitch` asks for it" in caplog.text


async def test_what_twitch_refuses_in_a_channel_shows_in_health(connect: Connect) -> None:
    async with TwitchDouble(account="vox") as twitch, connect(twitch) as platform:
        health = platform.health()

    assert health.startswith("connected as vox to #streamer")
    assert "no follows of #streamer; shoutouts of #streamer; suspicious users of #streamer: Twitch refused" in health
    assert "resubscriptions of" not in health  # chat tells of those


@pytest.mark.parametrize(("account", "names"), [("vox", ["vox"]), ("streamer", [])])
async def test_the_account_is_called_by_its_name_unless_it_is_the_streamers_own(
    connect: Connect, account: str, names: list[str]
) -> None:
    async with TwitchDouble(account=account) as twitch, connect(twitch) as platform:
        assert platform.names() == names
