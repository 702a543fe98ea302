"""The streamer's channel-point rewards, through the real TwitchIO."""

from datetime import UTC, datetime, timedelta

import pytest

from relay.config import OfferSection
from relay.errors import AuthError, PlatformError, PlatformUnavailable
from relay.platforms.base import ChannelReward, Redeeming
from relay.platforms.twitch.client import TwitchPlatform
from relay.platforms.twitch.missed import MissedRedemptions
from relay.platforms.twitch.rewards import TwitchRewards
from tests.doubles.twitch import SCOPES, TwitchDouble
from tests.doubles.twitch.state import Reward
from tests.platforms.twitch.conftest import Connect

MANAGE = "channel:manage:redemptions"
ALL = (*SCOPES, MANAGE)
DAY = 86_400.0


def theirs(twitch: TwitchDouble, title: str) -> Reward:
    """One that the streamer made by hand."""
    return twitch.state.rewards.setdefault(title, Reward(title, is_ours=False))


def test_twitch_has_rewards(platform: TwitchPlatform) -> None:
    assert isinstance(platform, Redeeming)


async def test_rewards_are_listed_and_ours_are_told_apart(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        hydrate = theirs(twitch, "Hydrate")
        made = await platform.rewards.create("Ask", OfferSection(cost=300, prompt="What?"), takes_text=True)

        assert await platform.rewards.list() == [
            ChannelReward(hydrate.id, "Hydrate", 100, is_ours=False),
            ChannelReward(made.id, "Ask", 300, is_ours=True),
        ]


async def test_a_reward_is_created_as_it_is_offered(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        offer = OfferSection(cost=5, prompt="What?", color="#00E5CB", per_stream=9, per_viewer=2, cooldown=60)
        await platform.rewards.create("Ask", offer, takes_text=True)
        await platform.rewards.create("Honk", OfferSection(cost=1), takes_text=False)
        ask, honk = twitch.state.rewards["Ask"], twitch.state.rewards["Honk"]

    assert (ask.cost, ask.prompt, ask.needs_text, ask.color) == (5, "What?", True, "#00E5CB")
    assert (ask.per_stream, ask.per_viewer, ask.cooldown) == (9, 2, 60)
    assert (honk.needs_text, honk.per_stream, honk.skips_queue) == (False, 0, False)


async def test_what_waits_is_read_whole_and_only_of_ours(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        rewards = platform.rewards
        assert isinstance(rewards, TwitchRewards)
        made = await rewards.create("Ask", OfferSection(cost=300), takes_text=True)
        ids = [await twitch.redeem("ann", "Ask", f"la {number}") for number in range(60)]
        await twitch.redeem("ann", "Hydrate")
        await rewards.settle(made.id, ids.pop(0), is_fulfilled=True)
        waiting = await rewards.waiting()

    assert [each.id for each in waiting] == ids
    [first, *_] = waiting
    assert (first.user.display_name, first.user_input, first.status) == ("Ann", "la 1", "unfulfilled")
    assert (first.reward.title, first.reward.cost) == ("Ask", 300)


async def test_of_more_than_are_looked_at_the_newest_are_read(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.platforms.twitch.rewards.MOST", 3)
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        rewards = platform.rewards
        assert isinstance(rewards, TwitchRewards)
        await rewards.create("Ask", OfferSection(cost=300), takes_text=True)
        ids = [await twitch.redeem("ann", "Ask", f"la {number}") for number in range(5)]
        waiting = await rewards.waiting()

    assert [each.id for each in waiting] == ids[-3:]


@pytest.mark.parametrize(
    ("remembered", "hours"), [(DAY, [11.9, 1]), (7_300.0, [1])], ids=["a day", "two hours and a bit"]
)
async def test_what_waits_is_found_as_long_as_the_store_is_sure_to_know_whether_it_was_told(
    connect: Connect, remembered: float, hours: list[float]
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        rewards = platform.rewards
        assert isinstance(rewards, TwitchRewards)
        await rewards.create("Ask", OfferSection(cost=300), takes_text=True)
        now = datetime.now(UTC)
        for ago in (25, 12.1, 11.9, 1):
            await twitch.redeem("ann", "Ask", str(ago), at=(now - timedelta(hours=ago)).isoformat())
        missed = MissedRedemptions(rewards, are_wanted=True, remembered=remembered, clock=now.timestamp)
        found = await missed.found()

    assert [float(each.user_input) for each in found] == hours


@pytest.mark.parametrize("prompt", ["", "What?"])
@pytest.mark.parametrize("takes_text", [True, False])
async def test_viewers_have_to_write_something_exactly_where_that_is_used(
    connect: Connect, prompt: str, takes_text: bool
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        await platform.rewards.create("Ask", OfferSection(cost=300, prompt=prompt), takes_text=takes_text)
        ask = twitch.state.rewards["Ask"]

    assert ask.needs_text is takes_text
    assert ask.prompt == (prompt or "What do you want to say?" if takes_text else prompt)


@pytest.mark.parametrize(("is_fulfilled", "status"), [(True, "FULFILLED"), (False, "CANCELED")])
async def test_a_redemption_is_settled_once_however_often_it_is_tried(
    connect: Connect, is_fulfilled: bool, status: str
) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        made = await platform.rewards.create("Ask", OfferSection(cost=300), takes_text=True)
        redemption = twitch.state.redemptions[await twitch.redeem("ann", "Ask")]

        await platform.rewards.settle(made.id, redemption.id, is_fulfilled=is_fulfilled)
        await platform.rewards.settle(made.id, redemption.id, is_fulfilled=not is_fulfilled)

        assert redemption.status == status


async def test_what_others_created_is_refused(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        redemption = twitch.state.redemptions[await twitch.redeem("ann", "Hydrate")]
        with pytest.raises(PlatformError, match="refunding a reward") as settling:
            await platform.rewards.settle(redemption.reward_id, redemption.id, is_fulfilled=False)
        with pytest.raises(PlatformError, match="403"):
            await platform.rewards.pause(redemption.reward_id, is_paused=True)

    assert not settling.value.retryable
    assert redemption.status == "UNFULFILLED"


async def test_ours_are_paused_and_offered_again(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        made = await platform.rewards.create("Ask", OfferSection(cost=300), takes_text=True)
        await platform.rewards.pause(made.id, is_paused=True)
        assert [reward.is_paused for reward in await platform.rewards.list()] == [True]
        await platform.rewards.pause(made.id, is_paused=False)
        assert not twitch.state.rewards["Ask"].is_paused


async def test_twitch_away_is_worth_another_try(connect: Connect) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        twitch.fail_next("custom_rewards/redemptions", 503, times=10)
        with pytest.raises(PlatformUnavailable):
            await platform.rewards.settle("r1", "x1", is_fulfilled=True)


async def test_before_twitch_is_connected_it_is_away(platform: TwitchPlatform) -> None:
    with pytest.raises(PlatformUnavailable):
        await platform.rewards.list()


async def test_without_the_scope_a_person_has_to_act(connect: Connect) -> None:
    async with TwitchDouble() as twitch, connect(twitch) as platform:
        assert await platform.rewards.list() == []
        with pytest.raises(AuthError, match=f"lacks {MANAGE}: run `relay auth twitch`"):
            await platform.rewards.create("Ask", OfferSection(cost=300), takes_text=True)


async def test_only_the_streamers_own_login_has_rewards(connect: Connect) -> None:
    async with TwitchDouble(account="vox", scopes=ALL) as twitch, connect(twitch) as platform:
        with pytest.raises(PlatformError, match="log in as the streamer"):
            await platform.rewards.list()


@pytest.mark.parametrize(("title", "said"), [("x" * 46, "45 at most"), ("Ask", "DUPLICATE_REWARD")])
async def test_what_twitch_does_not_take_is_said(connect: Connect, title: str, said: str) -> None:
    async with TwitchDouble(scopes=ALL) as twitch, connect(twitch) as platform:
        theirs(twitch, "Ask")
        with pytest.raises(PlatformError, match=said):
            await platform.rewards.create(title, OfferSection(cost=300), takes_text=True)


async def test_the_stream_they_belong_to_is_that_of_their_own_channel(connect: Connect) -> None:
    async with (
        TwitchDouble(account="streamer", channels=("streamer", "friend"), scopes=ALL) as twitch,
        connect(twitch, channels=["friend", "streamer"]) as platform,
    ):
        twitch.broadcast.viewers = 42  # of the streamer alone
        [own, friends] = [channel.id for channel in twitch.state.channels]
        of_rewards, of_platform = await platform.rewards.stream(), await platform.stream()

    assert (of_rewards.channel, of_rewards.is_live) == (own, True)
    assert (of_platform.channel, of_platform.is_live) == (friends, False)
