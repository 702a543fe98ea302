"""Platforms are told of each redemption once, whenever the relay is killed and however long they are away."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.config import OfferSection
from relay.errors import AuthError, InboxError, PlatformError, PlatformUnavailable, RelayError
from relay.inbox.base import Record
from relay.model import AudienceMessage, Outcome, Reward
from relay.platforms.base import ChannelReward, Stream
from relay.rewards.keeper import NOTE, RedemptionKeeper
from relay.rewards.redemptions import Redemptions
from tests.contracts.samples import message, settlement
from tests.support import alongside, eventually

REWARD = Reward(id="r1", title="Ask", cost=300, awaits_outcome=True)


def asked(number: int = 1, reward: str = "r1") -> AudienceMessage:
    return message(number, reward=REWARD.model_copy(update={"id": reward}))


class Store:
    """What outlives a relay."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self.records: dict[str, Record] = {}
        self.fails = 0
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def get_note(self, name: str) -> str | None:
        return self.notes.get(name)

    async def set_note(self, name: str, value: str) -> None:
        await self.is_open.wait()
        if self.fails:
            self.fails -= 1
            raise InboxError("the store is away")
        self.notes[name] = value

    async def why(self, key: str) -> Record | None:
        return self.records.get(key)


class Points:
    """A platform that settles only what is open, as they do."""

    def __init__(self) -> None:
        self.settled: dict[str, bool] = {}
        self.calls = 0
        self.problems: list[RelayError] = []
        self.never = ""
        """The redemption that it fails at each time."""
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def check(self) -> None:
        raise NotImplementedError

    async def list(self) -> Sequence[ChannelReward]:
        return []

    async def stream(self) -> Stream:
        raise NotImplementedError

    async def create(self, title: str, offer: OfferSection, *, takes_text: bool) -> ChannelReward:
        raise NotImplementedError

    async def pause(self, reward_id: str, *, is_paused: bool) -> None:
        raise NotImplementedError

    async def settle(self, reward_id: str, redemption_id: str, *, is_fulfilled: bool) -> None:
        self.calls += 1
        await self.is_open.wait()
        if redemption_id == self.never:
            raise PlatformUnavailable("an error of ours")
        if self.problems:
            raise self.problems.pop(0)
        self.settled.setdefault(redemption_id, is_fulfilled)


class Stage:
    """A store and a platform that stay, and relays that come and go."""

    def __init__(self) -> None:
        self.store, self.points = Store(), Points()

    @asynccontextmanager
    async def relay(self, **over: Any) -> AsyncIterator[RedemptionKeeper]:
        """One that is killed at the end."""
        keeper = RedemptionKeeper(
            self.store,
            lambda: {"twitch": self.points},
            redemptions=Redemptions(patience=30.0),
            **{"concerns": lambda reward: True, **over},
        )
        async with alongside(keeper.run()):
            yield keeper

    async def redeemed(self, keeper: RedemptionKeeper, *asked: AudienceMessage) -> None:
        await keeper.expect(asked)
        self.store.records |= {each.key: Record(message=each) for each in asked}

    def ends(self, keeper: RedemptionKeeper, outcome: Outcome, asked: AudienceMessage) -> None:
        ended = settlement(asked, outcome)
        self.store.records[asked.key] = Record(message=asked, settlement=ended)
        keeper.settled([ended])


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.mark.parametrize(("outcome", "is_fulfilled"), [(Outcome.ANSWERED, True), (Outcome.REJECTED, False)])
async def test_the_platform_is_told_what_became_of_a_redemption(
    stage: Stage, outcome: Outcome, is_fulfilled: bool
) -> None:
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked())
        stage.ends(keeper, outcome, asked())
        await eventually(lambda: stage.store.notes[NOTE] == "[]")

    assert stage.points.settled == {"m1": is_fulfilled}


async def test_a_decision_is_noted_before_the_platform_is_told(stage: Stage) -> None:
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked())
        stage.store.fails = 1
        stage.ends(keeper, Outcome.ANSWERED, asked())
        await eventually(lambda: stage.points.calls > 0)

        assert stage.store.fails == 0


async def test_what_was_decided_is_told_after_a_restart(stage: Stage) -> None:
    stage.points.is_open.clear()
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked())
        stage.ends(keeper, Outcome.ANSWERED, asked())
        await eventually(lambda: stage.points.calls == 1)
    stage.points.is_open.set()
    async with stage.relay():
        await eventually(lambda: bool(stage.points.settled))

    assert stage.points.settled == {"m1": True}


@pytest.mark.parametrize(
    ("outcome", "is_fulfilled"),
    [(Outcome.FORWARDED, False), (Outcome.EXPIRED, False), (Outcome.ANSWERED, True)],
    ids=["nobody heard the answer", "it expired", "the relay had done it"],
)
async def test_what_was_settled_and_not_decided_is_decided_after_a_restart(
    stage: Stage, outcome: Outcome, is_fulfilled: bool
) -> None:
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked())
    stage.store.records["twitch:m1"] = Record(message=asked(), settlement=settlement(asked(), outcome))
    async with stage.relay():
        await eventually(lambda: bool(stage.points.settled))

    assert stage.points.settled == {"m1": is_fulfilled}


async def test_what_was_never_stored_is_paid_back_after_a_restart(stage: Stage) -> None:
    async with stage.relay() as keeper:
        await keeper.expect([asked()])
    async with stage.relay():
        await eventually(lambda: stage.points.settled == {"m1": False})


async def test_what_still_waits_goes_on_waiting_after_a_restart(stage: Stage) -> None:
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked(1), asked(2))
    async with stage.relay() as keeper:
        await keeper.expect([])
        stage.ends(keeper, Outcome.ANSWERED, asked(2))
        await eventually(lambda: bool(stage.points.settled))

    assert stage.points.settled == {"m2": True}


async def test_one_delivered_again_after_its_end_is_left_alone(stage: Stage) -> None:
    async with stage.relay() as keeper:
        keeper.known_before(await keeper.expect([asked()]))
        await eventually(lambda: stage.store.notes[NOTE] == "[]")

    assert stage.points.calls == 0


@pytest.mark.parametrize("problem", [PlatformUnavailable("away"), AuthError("no scope: log in again")])
async def test_a_platform_that_is_away_or_waits_for_a_person_is_told_later(stage: Stage, problem: RelayError) -> None:
    stage.points.problems = [problem]
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked())
        stage.ends(keeper, Outcome.REJECTED, asked())
        await eventually(lambda: bool(stage.points.settled))

    assert (stage.points.calls, stage.points.settled) == (2, {"m1": False})


async def test_one_that_its_platform_does_not_take_keeps_no_other_waiting(stage: Stage) -> None:
    stage.points.never = "m1"
    async with stage.relay() as keeper:
        for number in (1, 2, 3):
            await stage.redeemed(keeper, asked(number))
            stage.ends(keeper, Outcome.ANSWERED, asked(number))
        await eventually(lambda: stage.points.settled == {"m2": True, "m3": True})

    assert set(json.loads(stage.store.notes[NOTE])[0].items()) >= {("id", "m1"), ("is_fulfilled", True)}


async def test_rewards_of_others_are_left_alone_which_is_said_once(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.points.problems = [PlatformError("Twitch refused refunding a reward (403 not ours)") for _ in range(2)]
    async with stage.relay() as keeper:
        for number in (1, 2):
            await stage.redeemed(keeper, asked(number, "theirs"))
            stage.ends(keeper, Outcome.REJECTED, asked(number, "theirs"))
        await eventually(lambda: stage.points.calls == 2)
        await stage.redeemed(keeper, asked(3))
        stage.ends(keeper, Outcome.REJECTED, asked(3))
        await eventually(lambda: bool(stage.points.settled))

    assert stage.points.settled == {"m3": False}
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "a reward is left to the streamer: Twitch refused refunding a reward (403 not ours)"
    ]


async def test_what_does_not_concern_the_relay_is_not_followed(stage: Stage) -> None:
    async with stage.relay(concerns=lambda reward: False) as keeper:
        assert await keeper.expect([asked()]) == []


async def test_a_note_that_cannot_be_read_stops_nothing(stage: Stage) -> None:
    stage.store.notes[NOTE] = "[{]"
    async with stage.relay() as keeper:
        await stage.redeemed(keeper, asked())
        stage.ends(keeper, Outcome.ANSWERED, asked())
        await eventually(lambda: stage.points.settled == {"m1": True})


KILLS = st.sampled_from(["", "before the note", "before the platform", "after the platform"])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), KILLS), min_size=1, max_size=5))
async def test_each_is_settled_once_and_as_decided_wherever_the_relay_is_killed(story: list[tuple[bool, str]]) -> None:
    stage = Stage()
    for number, (is_done, kill) in enumerate(story):
        async with stage.relay() as keeper:
            await stage.redeemed(keeper, asked(number))
            gate = {"before the note": stage.store.is_open, "before the platform": stage.points.is_open}.get(kill)
            if gate is not None:
                gate.clear()
            stage.ends(keeper, Outcome.ANSWERED if is_done else Outcome.REJECTED, asked(number))
            if kill == "after the platform":
                await eventually(lambda number=number: f"m{number}" in stage.points.settled)  # type: ignore[misc]
            elif kill:
                await asyncio.sleep(0)
        stage.store.is_open.set()
        stage.points.is_open.set()
    async with stage.relay():
        await eventually(lambda: len(stage.points.settled) == len(story) and stage.store.notes[NOTE] == "[]")

    assert stage.points.settled == {f"m{number}": is_done for number, (is_done, _) in enumerate(story)}
