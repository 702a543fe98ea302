"""Our rewards rest while the stream or the companion is away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from relay.config import OfferSection
from relay.errors import AuthError, PlatformUnavailable, RelayError
from relay.model import Kind
from relay.platforms.base import ChannelReward, Stream
from relay.platforms.on_air import LAG
from relay.rewards.pauses import ASK_EVERY, AWAY_AFTER, RewardPauses
from tests.contracts.samples import message


class Channel:
    """A platform with a stream, some rewards and a small memory."""

    def __init__(self) -> None:
        self.is_live = True
        self.problem: RelayError | None = None
        self.has_no_stream: RelayError | None = None
        self.asked = 0
        """How often, whether there is a stream."""
        self.rewards = {
            "ours": ChannelReward("ours", "Ask", 300, is_ours=True),
            "theirs": ChannelReward("theirs", "Hydrate", 100, is_ours=False),
        }
        self.notes: dict[str, str] = {}
        self.calls: list[tuple[str, bool]] = []

    async def stream(self) -> Stream:
        self.asked += 1
        if self.has_no_stream:
            raise self.has_no_stream
        return Stream(self.is_live, channel="home")

    async def get_note(self, name: str) -> str | None:
        return self.notes.get(name)

    async def set_note(self, name: str, value: str) -> None:
        self.notes[name] = value

    async def check(self) -> None:
        raise NotImplementedError

    async def list(self) -> Sequence[ChannelReward]:
        if self.problem:
            raise self.problem
        return list(self.rewards.values())

    async def create(self, title: str, offer: OfferSection, *, takes_text: bool) -> ChannelReward:
        raise NotImplementedError

    async def settle(self, reward_id: str, redemption_id: str, *, is_fulfilled: bool) -> None:
        raise NotImplementedError

    async def pause(self, reward_id: str, *, is_paused: bool) -> None:
        assert self.rewards[reward_id].is_ours
        self.calls.append((reward_id, is_paused))
        self.rewards[reward_id] = replace(self.rewards[reward_id], is_paused=is_paused)


class Evening:
    def __init__(self, channel: Channel, *when: str) -> None:
        self.now = 1_000.0
        self.has_companion = True
        self.channel = channel
        self.pauses = RewardPauses(
            channel,
            lambda: {"twitch": channel},
            when=when or ("offline", "away"),
            is_away=lambda: not self.has_companion,
            clock=lambda: self.now,
        )

    async def after(self, seconds: float) -> None:
        self.now += seconds
        await self.pauses.look()

    @property
    def is_paused(self) -> bool:
        return self.channel.rewards["ours"].is_paused


@pytest.fixture
def channel() -> Channel:
    return Channel()


async def test_rewards_are_offered_while_there_is_a_stream_and_a_companion(channel: Channel) -> None:
    evening = Evening(channel)
    await evening.after(1)
    assert channel.calls == []


async def test_they_rest_from_the_end_of_the_stream_to_its_next_begin(channel: Channel) -> None:
    evening = Evening(channel)
    await evening.after(1)
    evening.pauses.saw(message(1, kind=Kind.OFFLINE))
    await evening.after(1)
    assert evening.is_paused
    evening.pauses.saw(message(2, kind=Kind.ONLINE))
    await evening.after(1)
    assert channel.calls == [("ours", True), ("ours", False)]


async def test_they_rest_from_the_end_though_the_platform_answers_as_before_for_a_while(channel: Channel) -> None:
    evening = Evening(channel)
    await evening.after(1)
    evening.pauses.saw(message(1, kind=Kind.OFFLINE))
    await evening.after(ASK_EVERY)
    assert channel.asked == 2
    assert evening.is_paused
    await evening.after(LAG)
    assert not evening.is_paused


@pytest.mark.parametrize("elsewhere", [{"channel": "friend"}, {"platform": "irc"}])
async def test_streams_of_other_channels_change_nothing(channel: Channel, elsewhere: dict[str, str]) -> None:
    evening = Evening(channel)
    await evening.after(1)
    evening.pauses.saw(message(1, kind=Kind.OFFLINE, **elsewhere))
    await evening.after(1)
    assert not evening.is_paused


async def test_they_rest_when_the_relay_starts_before_the_stream(channel: Channel) -> None:
    channel.is_live = False
    await Evening(channel).after(1)
    assert channel.calls == [("ours", True)]


async def test_they_rest_when_the_relay_ends_until_the_next_one_has_a_companion(channel: Channel) -> None:
    evening = Evening(channel)
    await evening.after(1)
    await evening.pauses.rest()
    assert evening.is_paused
    await evening.after(1)
    assert evening.is_paused, "the one that ends offers nothing any more"

    await Evening(channel).after(1)
    assert not evening.is_paused


async def test_they_stay_on_offer_when_the_relay_ends_where_only_the_stream_counts(channel: Channel) -> None:
    evening = Evening(channel, "offline")
    await evening.after(1)
    await evening.pauses.rest()
    assert channel.calls == []


async def test_a_relay_ends_although_the_platform_cannot_be_told(channel: Channel) -> None:
    evening = Evening(channel)
    await evening.after(1)
    channel.problem = PlatformUnavailable("away")
    await evening.pauses.rest()
    assert not evening.is_paused


async def test_one_that_cannot_be_paused_leaves_no_pause_of_another_under_way(channel: Channel) -> None:
    async def pause(reward_id: str, *, is_paused: bool) -> None:
        if reward_id == "refused":
            raise PlatformUnavailable("away")
        for _ in range(5):
            await asyncio.sleep(0)
        channel.calls.append((reward_id, is_paused))

    channel.rewards["refused"] = replace(channel.rewards["ours"], id="refused")
    channel.pause = pause  # type: ignore[method-assign]
    await Evening(channel).pauses.rest()
    assert channel.calls == [("ours", True)], "else it may be paused after it is offered again"


async def test_a_companion_that_is_away_for_a_moment_changes_nothing(channel: Channel) -> None:
    evening = Evening(channel)
    evening.has_companion = False
    await evening.after(AWAY_AFTER - 1)
    assert channel.calls == []
    await evening.after(1)
    assert evening.is_paused
    evening.has_companion = True
    await evening.after(1)
    assert not evening.is_paused


@pytest.mark.parametrize(("when", "is_paused"), [("away", False), ("offline", True)])
async def test_the_settings_say_when(channel: Channel, when: str, is_paused: bool) -> None:
    channel.is_live = False
    evening = Evening(channel, when)
    await evening.after(1)
    assert evening.is_paused is is_paused


async def test_what_the_streamer_paused_stays_paused(channel: Channel) -> None:
    evening = Evening(channel)
    await evening.after(1)
    channel.rewards["ours"] = replace(channel.rewards["ours"], is_paused=True)
    for kind in (Kind.OFFLINE, Kind.ONLINE):
        evening.pauses.saw(message(1, kind=kind))
        await evening.after(1)
    assert channel.calls == []


async def test_what_a_relay_has_paused_the_next_one_offers_again(channel: Channel) -> None:
    channel.is_live = False
    await Evening(channel).after(1)
    channel.is_live = True
    await Evening(channel).after(1)
    assert channel.calls == [("ours", True), ("ours", False)]


async def test_what_a_relay_has_paused_stays_so_while_nobody_knows_whether_there_is_a_stream(channel: Channel) -> None:
    channel.is_live = False
    await Evening(channel).after(1)
    channel.has_no_stream = PlatformUnavailable("away")
    await Evening(channel).after(1)
    assert channel.calls == [("ours", True)]


async def test_a_platform_that_is_away_is_asked_again(channel: Channel) -> None:
    evening = Evening(channel)
    channel.problem = PlatformUnavailable("away")
    evening.pauses.saw(message(1, kind=Kind.OFFLINE))
    channel.is_live = False
    await evening.after(1)
    channel.problem = None
    await evening.after(1)
    assert evening.is_paused


@pytest.mark.parametrize(("problem", "asked"), [(PlatformUnavailable("away"), 3), (AuthError("not the streamer"), 1)])
async def test_whether_there_is_a_stream_is_asked_again_at_once_where_that_may_help(
    channel: Channel, problem: RelayError, asked: int
) -> None:
    evening = Evening(channel)
    channel.has_no_stream = problem
    for _ in range(3):
        await evening.after(1)
    assert channel.asked == asked


async def test_what_a_person_has_to_mend_is_tried_again_after_a_while(channel: Channel) -> None:
    evening = Evening(channel)
    channel.problem = AuthError("the login lacks a scope")
    evening.pauses.saw(message(1, kind=Kind.OFFLINE))
    channel.is_live = False
    await evening.after(1)
    channel.problem = None
    await evening.after(ASK_EVERY - 1)
    assert channel.calls == []
    await evening.after(1)
    assert evening.is_paused
