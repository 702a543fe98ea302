"""What comes in from the platforms: what they take back is told of as any other outcome is."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from relay.application.events import Events
from relay.application.reception import Reception
from relay.inbox.sqlite import SqliteInbox
from relay.model import Outcome, Retraction, Settlement
from tests.commands.surroundings import opened
from tests.contracts.samples import messages, settlement

TIMED_OUT = Retraction(platform="twitch", author_id="ann", reason="author timed out")


class Hall:
    def __init__(self, inbox: SqliteInbox) -> None:
        self.inbox, self.events = inbox, Events()
        self.told: list[Settlement] = []
        self.taken_back: list[Retraction] = []
        self.events.settled.subscribe(self.told.extend)
        self.events.retracted.subscribe(self.taken_back.append)
        unasked: Any = None
        keeper: Any = SimpleNamespace(retracted=lambda _: None)
        self.reception = Reception(inbox, unasked, unasked, unasked, self.events, keeper)


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
