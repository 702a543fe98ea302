"""What is subscribed when Twitch does not allow all of it, or takes some of it away."""

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest

from relay.errors import ConfigError
from relay.model import Kind
from relay.platforms.twitch import status, subscriptions
from relay.platforms.twitch.auth import check
from relay.platforms.twitch.client import TwitchPlatform
from tests.doubles.twitch import Refuse, TwitchDouble
from tests.platforms.twitch.conftest import EVERYTHING, Connect, Received, reaching
from tests.support import eventually

FIVE = ["ann", "ben", "cat", "dan", "eve"]
SIX = [*FIVE, "fay"]
SUBSCRIBE = ("POST", "/helix/eventsub/subscriptions")


@pytest.fixture
def kinds() -> frozenset[Kind]:
    return EVERYTHING


async def test_all_five_channels_of_an_account_of_its_own_are_heard(connect: Connect, received: Received) -> None:
    async with TwitchDouble(account="vox", channels=FIVE) as twitch, connect(twitch):
        for name in FIVE:
            await twitch.chat(f"in {name}", channel=name)
        await received.until(5)

    assert received.texts == [f"in {name}" for name in FIVE]


async def test_the_chat_of_all_channels_is_subscribed_before_anything_else(connect: Connect) -> None:
    async with TwitchDouble(account="vox", channels=FIVE) as twitch, connect(twitch):
        made = [(sub.type, sub.condition["broadcaster_user_id"]) for sub in twitch.subscriptions[:5]]

        assert made == [("channel.chat.message", twitch.state.user(name).id) for name in FIVE]


async def test_what_costs_is_subscribed_last_and_whole_for_the_first_channels(connect: Connect) -> None:
    async with TwitchDouble(account="vox", channels=SIX) as twitch, connect(twitch) as platform:
        priced = [sub for sub in twitch.subscriptions if sub.cost]
        last = twitch.subscriptions[-len(priced) :]
        first = {twitch.state.user(name).id for name in FIVE}

        assert (len(priced), priced) == (10, last)
        assert {sub.condition["broadcaster_user_id"] for sub in priced} == first
        assert "no stream starts of #fay; stream ends of #fay: Twitch refused subscribing (429 cost exc" in (
            platform.health()
        )


async def test_streamers_who_authorised_the_application_cost_nothing(connect: Connect) -> None:
    async with TwitchDouble(account="vox", channels=SIX) as twitch:
        twitch.state.authorised |= set(SIX)
        async with connect(twitch) as platform:
            await twitch.wait_subscribed("stream.online", "stream.offline", "channel.raid")

            assert "stream starts" not in platform.health()


async def test_after_a_broken_connection_nothing_is_lost_to_the_cost_of_what_it_leaves_behind(
    connect: Connect,
) -> None:
    async with TwitchDouble(account="vox", channels=FIVE) as twitch, connect(twitch):
        twitch.sessions.notices_ends = False
        await twitch.drop_socket()
        await twitch.wait_subscribed("stream.online", "stream.offline")


async def test_raids_are_heard_by_way_of_chat_where_their_subscription_costs_too_much(
    connect: Connect, received: Received
) -> None:
    async with TwitchDouble(account="vox", channels=SIX) as twitch, connect(twitch):
        await twitch.raid("zoe", viewers=42, channel="fay")
        await twitch.chat("last", channel="fay")
        await received.until_text("last")

    raid, _ = received.messages
    assert (raid.kind, raid.author.name, raid.amount) == (Kind.RAID, "Zoe", 42)


async def test_what_was_refused_is_not_asked_for_again_and_again(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async with TwitchDouble(account="vox", channels=SIX) as twitch, connect(twitch):
        asked = twitch.requests.count(SUBSCRIBE)
        await twitch.wait_calls("eventsub/subscriptions", 3, method="GET", from_now=True)

        assert twitch.requests.count(SUBSCRIBE) == asked
    assert len([line for line in caplog.messages if line.startswith("no stream starts of #fay")]) == 1


async def test_what_was_refused_is_asked_for_again_after_a_while(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriptions, "ASK_AGAIN", (0.0,))
    async with TwitchDouble(account="vox") as twitch, connect(twitch) as platform:
        assert "no follows of #streamer" in platform.health()
        twitch.state.moderators.add(("streamer", "vox"))
        await twitch.wait_subscribed("channel.follow")
        await twitch.until(lambda: "follows" not in platform.health(), "health without the refusal")


async def test_what_only_the_streamers_own_login_may_hear_is_not_asked_for_in_other_channels(connect: Connect) -> None:
    async with TwitchDouble(account="vox", channels=["ann", "ben"]) as twitch, connect(twitch):
        refused = [path for _, path, status in twitch.refused if status == 403]

        assert len(refused) == 2 * 4  # follows, shoutouts both ways and mistrust, which a moderator could hear of


async def test_a_limit_on_subscriptions_costs_one_of_them_and_is_no_reason_to_slow_down(
    platform: TwitchPlatform, twitch: TwitchDouble
) -> None:
    twitch.faults.append(Refuse("eventsub/subscriptions", 1, "POST", 429, "number of subscriptions limit exceeded"))
    running = asyncio.create_task(platform.run())
    await platform.listening.wait()

    assert "no chat of #streamer: Twitch refused subscribing (429 number of sub" in platform.health()
    assert twitch.requests.count(SUBSCRIBE) == len(twitch.subscriptions) + 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_too_many_connections_of_one_login_are_said_and_waited_out(
    platform: TwitchPlatform, twitch: TwitchDouble
) -> None:
    async with aiohttp.ClientSession() as http:
        others = [await http.ws_connect(twitch.eventsub_url) for _ in range(3)]
        await twitch.until(lambda: len(twitch.sessions.current) == 3, "three other programs")
        for session in twitch.sessions.current:
            twitch.subscribe_for_another(session)
        running = asyncio.create_task(platform.run())
        await twitch.until(lambda: "this Twitch login has too many connections" in platform.health(), "it to be said")
        await others[0].close()
        await platform.listening.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_check_tells_what_does_not_fit_into_the_limits(tmp_path: Path) -> None:
    async with TwitchDouble(account="vox", channels=[*SIX, "guy"]) as twitch:
        line = await check(reaching(twitch), twitch.write_token(tmp_path / "token.json"))

    assert (
        "too many channels for one login, so expect no stream starts of #fay, #guy; stream ends of #fay, #guy: "
        "Twitch allows a cost of 10"
    ) in line


async def test_the_check_is_content_with_what_fits(tmp_path: Path) -> None:
    async with TwitchDouble(account="ann", channels=SIX) as twitch:
        line = await check(reaching(twitch), twitch.write_token(tmp_path / "token.json"))

    assert line.endswith("channels ann, ben, cat, dan, eve, fay")


async def test_when_the_calls_of_a_minute_are_used_up_none_is_made_until_they_are_back(
    twitch: TwitchDouble, connect: Connect
) -> None:
    twitch.helix.points, twitch.helix.window = 12, 1.0
    twitch.helix.clock_ahead = -3600.0
    async with connect(twitch, reconcile_every=60.0):
        assert [status for _, _, status in twitch.refused] == []


async def test_a_refusal_for_speed_is_waited_out_as_long_as_twitch_asks(
    platform: TwitchPlatform, twitch: TwitchDouble
) -> None:
    refusal = Refuse("eventsub/subscriptions", status=429, times=100)
    twitch.faults.append(refusal)
    running = asyncio.create_task(platform.run())
    await twitch.wait_calls("eventsub/subscriptions", 2, method="GET")
    await eventually(lambda: len(refusal.struck) >= 2)

    first, second, *_ = refusal.struck
    assert second - first > 0.9
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("reason", ["authorization_revoked", "moderator_removed"])
async def test_a_subscription_taken_away_is_made_again_at_once_and_said_in_the_log(
    twitch: TwitchDouble,
    connect: Connect,
    received: Received,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    monkeypatch.setattr(status, "SETTLE", 0.05)
    async with connect(twitch, reconcile_every=60.0):
        await twitch.revoke("channel.chat.message", reason)
        await twitch.wait_subscribed()
        await twitch.chat("again")
        await received.until_text("again")

    [told] = [record for record in caplog.records if "has taken away" in record.getMessage()]
    assert (told.levelno, told.getMessage()) == (
        logging.WARNING,
        f"Twitch has taken away the subscription of channel.chat.message ({reason})",
    )


async def test_channels_come_and_go_without_a_new_connection_or_a_touch_on_the_others(
    connect: Connect, received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "SETTLE", 0.05)
    async with TwitchDouble(account="vox", channels=["ann", "ben"]) as twitch, connect(twitch) as platform:
        kept = {sub.id for sub in twitch.subscriptions if sub.watched == twitch.channel.id}
        twitch.state.user("cat")
        await platform.set_channels(["ann", "cat"])
        await twitch.until(lambda: twitch.listened_to() == {"ann", "cat"}, "the other channels")
        await twitch.chat("from cat", channel="cat")
        await received.until_text("from cat")

        with pytest.raises(ConfigError, match="knows no channel nobody"):
            await platform.set_channels(["ann", "nobody"])
        assert twitch.listened_to() == {"ann", "cat"}
        assert twitch.sessions.opened == 1
        assert kept <= {sub.id for sub in twitch.subscriptions}
