"""What `!queue` and `!why` answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from relay.commands.explaining import QueuePlace
from relay.commands.latest import LatestMessages
from relay.commands.questions import UNKNOWN, questions
from relay.inbox.sqlite import SqliteInbox
from relay.model import Outcome, Settlement
from tests.commands.room import no_commands
from tests.commands.surroundings import answer, named, opened
from tests.contracts.samples import NOON, message


class Desk:
    def __init__(self, inbox: SqliteInbox) -> None:
        table = no_commands().table
        self.inbox, self.latest = inbox, LatestMessages(table)
        self.place: QueuePlace | None = QueuePlace(20.0, 1, 3)
        self.asked: list[str] = []
        self.questions = list(
            questions(table, self.latest, inbox, place_of=self._place_of, name=lambda: "Vox"),
        )

    def _place_of(self, key: str) -> QueuePlace | None:
        self.asked.append(key)
        return self.place

    async def wrote(self) -> None:
        said = message(1)
        await self.inbox.append([said])
        self.latest.saw(said)

    async def told(self) -> list[str]:
        return [await answer(named(self.questions, name)) for name in ("queue", "why")]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as inbox:
        yield Desk(inbox)


async def test_who_has_written_nothing_is_told_so(desk: Desk) -> None:
    assert await desk.told() == [UNKNOWN, UNKNOWN]


async def test_a_message_has_its_place_or_is_being_told_or_has_ended(desk: Desk) -> None:
    await desk.wrote()
    waits = "One message goes before it. It is worth waiting for up to 20 seconds more."
    assert await desk.told() == [waits, f"Your message (30 seconds ago): {waits}"]
    assert {*desk.asked} == {"twitch:m1"}

    desk.place = None
    goes = "It is being told to Vox."
    assert await desk.told() == [goes, f"Your message (30 seconds ago): {goes}"]

    await desk.inbox.settle([Settlement(key="twitch:m1", outcome=Outcome.FORWARDED, reason="user", at=NOON + 1)])
    ended = "Vox was told."
    assert await desk.told() == [
        f"Nothing of yours is waiting. Your last: {ended}",
        f"Your message (30 seconds ago): {ended}",
    ]
