"""What comes in from the platforms: what they take back is told of as any other outcome is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from relay.application.events import Events
from relay.application.reception import Reception
from relay.inbox.sqlite import SqliteInbox
from relay.model import Outcome, Retraction, Reward, Settlement
from relay.rewards.keeper import NOTE, RedemptionKeeper
from relay.rewards.redemptions import Redemptions
from tests.commands.surroundings import opened
from tests.contracts.samples import message, messages, settlement
from tests.support import alongside, eventually

TIMED_OUT = Retraction(platform="twitch", author_id="ann", reason="author timed out")


class Points:
    """A platform that takes its time to settle a redemption."""

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        self.asked = 0
        self.settled: list[tuple[str, bool]] = []

    async def settle(self, reward_id: str, redemption_id: str, *, is_fulfilled: bool) -> None:
        self.asked += 1
        await self.is_open.wait()
        self.settled.append((redemption_id, is_fulfilled))


class Hall:
    def __init__(self, inbox: SqliteInbox) -> None:
        self.inbox, self.events = inbox, Events()
        self.told: list[Settlement] = []
        self.taken_back: list[Retraction] = []
        self.events.settled.subscribe(self.told.extend)
        self.events.retracted.subscribe(self.taken_back.append)
        unasked: Any = SimpleNamespace(
            marked=lambda message: message, is_wanted=lambda _: True, message=lambda *_, is_new: None
        )
        self.points = Points()
        platforms: dict[str, Any] = {"twitch": self.points}
        self.keeper = RedemptionKeeper(
            inbox, lambda: platforms, redemptions=Redemptions(patience=30.0), concerns=lambda _: True
        )
        self.reception = Reception(inbox, unasked, unasked, unasked, self.events, self.keeper)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    async with opened(tmp_path) as inbox:
        yield Hall(inbox)


async def test_what_is_taken_back_while_it_waits_has_ended_for_all_who_ask(hall: Hall) -> None:
    await hall.inbox.append(messages(1, 2))
    await hall.reception.receive(TIMED_OUT)

    assert hall.taken_back == [TIMED_OUT]
    ended = {(each.key, each.outcome, each.reason) for each in hall.told}
    assert ended == {(f"twitch:m{n}", Outcome.DROPPED, "author timed out") for n in (1, 2)}


async def test_what_had_ended_before_it_is_taken_back_does_not_end_again(hall: Hall) -> None:
    [each] = messages(1)
    await hall.inbox.append([each])
    await hall.inbox.settle([settlement(each)])
    await hall.reception.receive(TIMED_OUT)

    assert (hall.taken_back, hall.told) == ([TIMED_OUT], [])


async def test_what_is_paid_back_as_a_crash_came_before_it_was_stored_is_not_also_told_when_it_is_found(
    hall: Hall,
) -> None:
    reward = Reward(id="r1", title="Ask", cost=300, awaits_outcome=True)
    lost, other = (message(number, reward=reward) for number in (1, 2))
    await hall.inbox.set_note(NOTE, '[{"platform": "twitch", "id": "m1", "reward_id": "r1"}]')
    async with alongside(hall.keeper.run()):
        await hall.reception.receive(lost, other)
        await eventually(lambda: hall.points.asked == 1)
        hall.points.is_open.set()
        await eventually(lambda: hall.points.settled == [("m1", False)])
        await hall.reception.receive(lost)

        assert [await hall.inbox.why(each.key) is None for each in (lost, other)] == [True, False]
        hall.keeper.failed(other.key)
        await eventually(lambda: hall.points.settled == [("m1", False), ("m2", False)])
    assert hall.points.asked == 2
