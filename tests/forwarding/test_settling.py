"""Outcomes are recorded before anybody is told of them, and only the first one for a message is told."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from relay.forwarding.settling import Settling
from relay.inbox.sqlite import SqliteInbox
from relay.model import Outcome, Settlement
from tests.contracts.samples import NOON, forward, message, messages
from tests.support import alongside, eventually


class SlowInbox(SqliteInbox):
    """One whose answers take until they may come."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "inbox.db", max_count=10, timeout=60.0)
        self.may_answer = asyncio.Event()

    async def settle(self, settlements: Sequence[Settlement]) -> list[bool]:
        first = await super().settle(settlements)
        await self.may_answer.wait()
        return first


async def test_who_observes_is_told_once_the_store_has_answered(tmp_path: Path) -> None:
    inbox, told = SlowInbox(tmp_path), list[Settlement]()
    settling = Settling(inbox, told.extend, lambda: NOON)
    await inbox.open()
    await inbox.append(messages(1))

    async with alongside(settling.messages([(message(1).key, Outcome.REJECTED, "spam")])):
        await eventually(lambda: settling.is_under_way)
        assert told == []
        inbox.may_answer.set()
        await eventually(lambda: not settling.is_under_way)
    await settling.messages([(message(1).key, Outcome.DROPPED, "too late")])
    await inbox.close()

    assert [(each.outcome, each.reason, each.at) for each in told] == [(Outcome.REJECTED, "spam", NOON)]


async def test_all_that_a_forward_carries_ends_alike(tmp_path: Path) -> None:
    inbox, told = SqliteInbox(tmp_path / "inbox.db", max_count=10, timeout=60.0), list[Settlement]()
    await inbox.open()
    await inbox.append(messages(1, 2))

    await Settling(inbox, told.extend, lambda: NOON).forward(forward(*messages(1, 2)), Outcome.FORWARDED, "answered")
    await inbox.close()

    keys = [each.key for each in messages(1, 2)]
    assert [(each.key, each.outcome, each.reason) for each in told] == [
        (key, Outcome.FORWARDED, "answered") for key in keys
    ]


async def test_nothing_to_record_asks_nobody(tmp_path: Path) -> None:
    settling = Settling(SlowInbox(tmp_path), lambda _: None, lambda: NOON)

    await settling.messages([])

    assert not settling.is_under_way
