import asyncio
from unittest.mock import Mock

import aiohttp
import pytest

from relay.config import RepliesSection
from relay.errors import PlatformUnavailable, PostRejected, RateLimited
from relay.model import Author, Origin, Post, Quoted, ReplyText
from relay.platforms.discord import outgoing
from relay.platforms.discord.client import DiscordPlatform
from relay.replies.poster import Poster
from tests.doubles.discord import DiscordDouble, Hold, LoseReply, Refuse
from tests.platforms.discord.conftest import Status, Store, adapter


def messages_of(discord: DiscordDouble) -> str:
    """What a fault of it befalls: not the look into the history, which has the same path."""
    return f"POST /api/v10/channels/{discord.channel}/messages"


def post_to(discord: DiscordDouble, text: str = "hi", nonce: str = "n1", reply_to: str | None = None) -> Post:
    return Post(channel=discord.channel, text=text, nonce=nonce, reply_to=reply_to)


async def test_a_post_mentions_nobody(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    await platform.post(post_to(discord, "@everyone look"))
    [post] = discord.posts
    assert post.text == "@everyone look"
    assert post.allowed_mentions is not None and post.allowed_mentions["parse"] == []
    assert not post.allowed_mentions.get("replied_user")


async def test_a_post_replies_to_the_message_it_answers(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    asked = await discord.say("hello")
    await platform.post(post_to(discord, reply_to=asked))
    assert discord.posts[0].reference == asked


async def test_what_nobody_sees_of_a_question_is_posted_with_the_answer_as_text_alone(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    hostile = Quoted.of(Author(id="1", name="*Ann*\n# Vox"), "**bold**\n> x @everyone")
    longest = Quoted.of(Author(id="2", name="_" * 40), "*" * 400)
    answer = "a" * (platform.text_limit - 2 * Quoted.ROOM)
    await platform.post(post_to(discord, answer).model_copy(update={"asked": (hostile, longest)}))
    [post] = discord.posts
    first, second, rest = post.text.split("\n")
    assert first == "> **\\*Ann\\* # Vox**: \\*\\*bold\\*\\* > x @everyone"
    assert len(second) < Quoted.ROOM and rest == answer


async def test_a_post_survives_that_what_it_answers_is_gone(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    asked = await discord.say("hello")
    await discord.delete(asked)
    await platform.post(post_to(discord, "hi anyway", reply_to=asked))
    assert [(p.text, p.reference) for p in discord.posts] == [("hi anyway", None)]


async def test_an_answer_whose_parent_discord_refuses_is_posted_plainly(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    asked = await discord.say("hello")
    discord.fail(Refuse(messages_of(discord), 400, code=50035, message="message_reference: Unknown message"))
    poster = Poster(RepliesSection(), [platform], lambda *_: None)
    origin = Origin(platform="discord", channel=discord.channel, reply_to=asked)

    poster.queue(ReplyText(message_id="m", character="Vox", text="Hi!", origins=(origin,)))
    posting = asyncio.create_task(poster.run())
    await poster.drain()
    posting.cancel()

    assert [(post.text, post.reference) for post in discord.posts] == [("Hi!", None)]


async def test_a_reply_to_an_id_of_another_platform_becomes_a_plain_post(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    await platform.post(post_to(discord, reply_to="8f14e45f-ceea"))
    assert discord.posts[0].reference is None


async def test_a_post_goes_to_the_thread_it_names(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    thread = await discord.open_thread()
    await platform.post(Post(channel=thread, text="hi", nonce="n"))
    assert discord.posts[0].channel == thread


async def test_a_retry_after_a_lost_answer_does_not_post_twice(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    discord.fail(LoseReply(messages_of(discord)))
    with pytest.raises(PlatformUnavailable):
        await platform.post(post_to(discord, "once", nonce="same"))
    await platform.post(post_to(discord, "once", nonce="same"))
    await platform.post(post_to(discord, "twice", nonce="other"))
    assert [p.text for p in discord.posts] == ["once", "twice"]


async def test_the_rate_limit_of_a_channel_is_waited_for(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    discord.rest.rate.limit, discord.rest.rate.per = 2, 0.3
    for number in range(5):
        await platform.post(post_to(discord, str(number), nonce=str(number)))
    refused = [
        request for request in discord.requests if request == f"POST /api/v10/channels/{discord.channel}/messages"
    ]
    assert [p.text for p in discord.posts] == ["0", "1", "2", "3", "4"]
    assert len(refused) == 5, "waits before it asks instead of running into 429"


async def test_a_short_429_is_waited_for(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    discord.fail_next(messages_of(discord), 429, retry_after=0.1)
    await platform.post(post_to(discord))
    assert len(discord.posts) == 1


@pytest.mark.parametrize("edge", [False, True])
async def test_a_long_429_is_reported_with_its_wait(
    discord: DiscordDouble, platform: DiscordPlatform, edge: bool
) -> None:
    discord.fail(Refuse(messages_of(discord), 429, retry_after=120.0, edge=edge))
    with pytest.raises(RateLimited) as caught:
        await platform.post(post_to(discord))
    assert caught.value.retry_after == 120.0


async def test_a_passing_500_is_tried_again(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    discord.fail_next(messages_of(discord), 500)
    await platform.post(post_to(discord))
    assert len(discord.posts) == 1


@pytest.mark.parametrize("status", [503, 401])
async def test_what_may_pass_is_unavailable(discord: DiscordDouble, platform: DiscordPlatform, status: int) -> None:
    discord.fail_next(messages_of(discord), status)
    with pytest.raises(PlatformUnavailable):
        await platform.post(post_to(discord))


async def test_silence_is_unavailable(
    discord: DiscordDouble, platform: DiscordPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "POST_TIMEOUT", 0.2)
    hold = Hold(messages_of(discord))
    discord.fail(hold)
    with pytest.raises(PlatformUnavailable, match="TimeoutError"):
        await platform.post(post_to(discord))
    hold.released.set()


async def test_a_missing_permission_is_a_rejection_that_names_the_fix(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    discord.rest.forbidden.add(discord.channel)
    with pytest.raises(PostRejected, match="Send Messages"):
        await platform.post(post_to(discord))


@pytest.mark.parametrize("channel", ["123", "#general"])
async def test_an_unknown_channel_is_a_rejection(platform: DiscordPlatform, channel: str) -> None:
    with pytest.raises(PostRejected, match=channel):
        await platform.post(Post(channel=channel, text="hi", nonce="n"))


@pytest.mark.parametrize("text", ["", "x" * 2001])
async def test_a_text_discord_does_not_take_is_a_rejection(
    discord: DiscordDouble, platform: DiscordPlatform, text: str
) -> None:
    with pytest.raises(PostRejected):
        await platform.post(post_to(discord, text))
    assert platform.text_limit == 2000


async def test_nothing_can_be_posted_before_the_connection(
    discord: DiscordDouble, store: Store, controls: Status
) -> None:
    platform = adapter(discord, store, controls)
    with pytest.raises(PlatformUnavailable, match="not connected"):
        await platform.post(post_to(discord))
    await platform.typing(discord.channel)


async def test_typing_is_shown_and_its_failure_swallowed(discord: DiscordDouble, platform: DiscordPlatform) -> None:
    await platform.typing(discord.channel)
    discord.rest.forbidden.add(discord.channel)
    await platform.typing(discord.channel)
    await platform.typing("#general")
    assert discord.rest.typing == [discord.channel]


async def test_a_post_can_be_under_way_when_the_gateway_drops(
    discord: DiscordDouble, platform: DiscordPlatform
) -> None:
    hold = Hold(messages_of(discord))
    discord.fail(hold)
    posting = asyncio.create_task(platform.post(post_to(discord)))
    await hold.reached.wait()
    await discord.drop_socket()
    hold.released.set()
    await posting
    assert len(discord.posts) == 1


def test_a_computer_that_is_offline_is_told_so_and_not_in_the_words_of_a_library() -> None:
    offline = aiohttp.ClientConnectorDNSError(Mock(), OSError("getaddrinfo"))

    told = str(outgoing.explain(offline, "login"))

    assert told == "discord: login: Discord's name was not found, so this computer may be offline"
