"""Posting under Twitch's rules, through the real TwitchIO."""

import asyncio
import time
from collections.abc import Mapping
from email.utils import formatdate

import pytest

from relay.config import RepliesSection
from relay.errors import PlatformUnavailable, PostRejected, RateLimited
from relay.model import Origin, Post, ReplyText
from relay.platforms.twitch.client import TwitchPlatform
from relay.replies.poster import Poster
from tests.doubles.twitch import Delay, LoseAnswer, Refuse, TwitchDouble
from tests.platforms.twitch.conftest import Connect


def post(twitch: TwitchDouble, text: str = "hello", nonce: str = "n") -> Post:
    return Post(channel=twitch.channel.id, text=text, nonce=nonce)


async def test_five_hundred_characters_are_posted_and_more_are_not(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        await platform.post(post(twitch, "x" * 500))
        with pytest.raises(PostRejected, match="501"):
            await platform.post(post(twitch, "x" * 501))

    assert [len(posted.text) for posted in twitch.posts] == [500]


async def test_an_answer_of_several_lines_is_one_line_in_chat(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        await platform.post(post(twitch, "Two\tthings:\n\n- one  more\n    - half\r\nBye."))

    assert [posted.text for posted in twitch.posts] == ["Two things: - one  more - half Bye."]


async def test_posts_in_one_channel_keep_their_order(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        twitch.faults.append(Delay("chat/messages", seconds=0.1))
        await asyncio.gather(*(platform.post(post(twitch, f"{n}", f"{n}")) for n in range(10)))

    assert [posted.text for posted in twitch.posts] == [str(n) for n in range(10)]


async def test_without_privileges_posts_come_a_second_apart(connect: Connect) -> None:
    async with TwitchDouble(account="vox") as twitch, connect(twitch) as platform:
        await platform.post(post(twitch, "one", "1"))
        await platform.post(post(twitch, "two", "2"))

        first, second = twitch.posts
    assert second.at - first.at >= 1.0


async def test_a_moderator_posts_without_a_pause_once_the_badge_was_seen(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.platforms.twitch.pacing.CHANNEL_GAP", 3600.0)
    async with TwitchDouble(account="vox") as twitch, connect(twitch) as platform:
        twitch.state.moderators.add(("streamer", "vox"))
        await twitch.chat("earlier", author="vox", badges=["moderator"])
        await twitch.chat("last")
        await platform.post(post(twitch, "one", "1"))
        await platform.post(post(twitch, "two", "2"))

    assert [posted.text for posted in twitch.posts] == ["one", "two"]


async def test_what_twitch_does_not_send_is_rejected_with_its_reason(twitch: TwitchDouble, connect: Connect) -> None:
    twitch.helix.reject = {"code": "channel_settings", "message": "links are not allowed"}
    async with connect(twitch) as platform:
        with pytest.raises(PostRejected, match="links are not allowed"):
            await platform.post(post(twitch))


async def test_a_post_dropped_for_its_rate_may_be_tried_again(twitch: TwitchDouble, connect: Connect) -> None:
    twitch.helix.reject = {"code": "msg_ratelimit", "message": "too quickly"}
    async with connect(twitch) as platform:
        with pytest.raises(RateLimited) as caught:
            await platform.post(post(twitch))

    assert caught.value.retry_after > 0


async def test_too_many_requests_say_how_long_to_wait(twitch: TwitchDouble, connect: Connect) -> None:
    headers: Mapping[str, str] = {"Ratelimit-Remaining": "0", "Ratelimit-Reset": str(int(time.time()) + 50)}
    async with connect(twitch, reconcile_every=60.0) as platform:
        twitch.faults.append(Refuse("chat/messages", status=429, headers=headers))
        with pytest.raises(RateLimited) as caught:
            await platform.post(post(twitch))

    assert 20 < caught.value.retry_after <= 50


async def test_a_post_waits_until_the_budget_is_back(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch, reconcile_every=60.0) as platform:
        there = int(time.time())  # by the clock of Twitch, which says in each answer how late it is
        headers: Mapping[str, str] = {
            "Ratelimit-Remaining": "0",
            "Ratelimit-Reset": str(there + 2),
            "Date": formatdate(there, usegmt=True),
        }
        refusal = Refuse("chat/messages", status=429, headers=headers)
        twitch.faults.append(refusal)
        with pytest.raises(RateLimited) as caught:
            await platform.post(post(twitch))
        await platform.post(post(twitch))

    [posted] = twitch.posts
    assert posted.at - refusal.struck[0] >= caught.value.retry_after > 0


@pytest.mark.parametrize("status", [400, 403, 422])
async def test_what_twitch_forbids_is_rejected(twitch: TwitchDouble, connect: Connect, status: int) -> None:
    async with connect(twitch) as platform:
        twitch.fail_next("chat/messages", status, message="you are banned")
        with pytest.raises(PostRejected, match="you are banned"):
            await platform.post(post(twitch))


async def test_a_login_without_the_scope_to_write_is_a_rejection_naming_it(connect: Connect) -> None:
    async with TwitchDouble(scopes=["user:read:chat"]) as twitch, connect(twitch) as platform:
        with pytest.raises(PostRejected, match="user:write:chat"):
            await platform.post(post(twitch))


async def test_a_failing_server_may_be_tried_again_with_the_same_post(twitch: TwitchDouble, connect: Connect) -> None:
    async with connect(twitch) as platform:
        twitch.fail_next("chat/messages", 500)
        with pytest.raises(PlatformUnavailable):
            await platform.post(post(twitch))
        await platform.post(post(twitch))

    assert [posted.text for posted in twitch.posts] == ["hello"]


async def test_an_answer_that_does_not_come_in_time_may_be_tried_again(
    twitch: TwitchDouble, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connect(twitch, reconcile_every=60.0) as platform:
        monkeypatch.setattr("relay.platforms.twitch.connection.CALL_TIMEOUT", 0.1)
        twitch.faults.append(Delay("chat/messages", seconds=0.5))
        with pytest.raises(PlatformUnavailable, match="cannot be reached while posting"):
            await platform.post(post(twitch))


@pytest.mark.parametrize("account", ["streamer", "vox"])
async def test_a_post_whose_answer_was_lost_is_not_posted_twice(connect: Connect, account: str) -> None:
    async with TwitchDouble(account=account) as twitch, connect(twitch) as platform:
        twitch.faults.append(LoseAnswer("chat/messages"))
        with pytest.raises(PlatformUnavailable):
            await platform.post(post(twitch))
        await platform.post(post(twitch))

    assert [posted.text for posted in twitch.posts] == ["hello"]


async def test_a_post_that_twitch_has_taken_is_not_written_again_before_its_echo_came(
    twitch: TwitchDouble, connect: Connect
) -> None:
    async with connect(twitch) as platform:
        for session in twitch.sessions.current:
            session.silent = True
        await platform.post(post(twitch))
        await platform.post(post(twitch))

    assert [posted.text for posted in twitch.posts] == ["hello"]


async def test_without_an_echo_twitchs_own_duplicate_check_ends_the_second_try(connect: Connect) -> None:
    async with TwitchDouble(account="vox") as twitch, connect(twitch) as platform:
        for session in twitch.sessions.current:
            session.silent = True
        twitch.faults.append(LoseAnswer("chat/messages"))
        with pytest.raises(PlatformUnavailable):
            await platform.post(post(twitch))
        await platform.post(post(twitch))

    assert [posted.text for posted in twitch.posts] == ["hello"]


async def test_a_post_before_the_connection_may_be_tried_again(twitch: TwitchDouble, platform: TwitchPlatform) -> None:
    with pytest.raises(PlatformUnavailable, match="not connected"):
        await platform.post(post(twitch))


@pytest.mark.parametrize("fate", ["deleted", "held"])
async def test_an_answer_to_a_message_that_is_gone_or_held_is_posted_plainly(
    twitch: TwitchDouble, connect: Connect, fate: str
) -> None:
    async with connect(twitch) as platform:
        asked = await twitch.chat("hello?")
        await (twitch.delete(asked) if fate == "deleted" else asyncio.to_thread(twitch.hold, asked))
        await answer(twitch, platform, asked)

    assert [(posted.text, posted.reply_to) for posted in twitch.posts] == [("Hi!", None)]


async def test_an_answer_that_automod_holds_is_given_to_it_once(twitch: TwitchDouble, connect: Connect) -> None:
    twitch.helix.reject = {"code": "automod_held", "message": "it waits for a moderator"}
    async with connect(twitch) as platform:
        [error] = await answer(twitch, platform, await twitch.chat("hello?"))

    assert error is not None and "it waits for a moderator" in error
    assert twitch.requests.count(("POST", "/helix/chat/messages")) == 1


async def answer(twitch: TwitchDouble, platform: TwitchPlatform, asked: str) -> list[str | None]:
    """Have an answer to this message posted; with what error, if any."""
    errors: list[str | None] = []
    poster = Poster(RepliesSection(), [platform], lambda _, __, error: errors.append(error))
    origin = Origin(platform="twitch", channel=twitch.channel.id, reply_to=asked)
    poster.queue(ReplyText(message_id="m", character="Vox", text="Hi!", origins=(origin,)))
    posting = asyncio.create_task(poster.run())
    await poster.drain()
    posting.cancel()
    return errors
