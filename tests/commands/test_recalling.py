"""What is known after a restart of the commands that were used before it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from relay.commands.recalling import BREAK, recall
from relay.inbox.sqlite import SqliteInbox
from relay.model import AudienceMessage, Kind, Outcome, Settlement
from tests.commands.room import NOON, CommandRoom, written
from tests.commands.surroundings import opened

ONCE = {"name": "once", "answer": "Once.", "per_stream": 1, "viewer_cooldown": 0}
SELDOM = {"name": "seldom", "answer": "Now.", "cooldown": 60, "viewer_cooldown": 0}
SPOKEN = {"name": "sing", "tell": {"send_as": "user", "template": "Sing!"}, "cooldown": 60, "cooldown_from": "speech"}


class Evening:
    """What lies in the store, and the commands after a restart."""

    def __init__(self, inbox: SqliteInbox) -> None:
        self._inbox = inbox

    async def before(self, text: str, outcome: Outcome | None = Outcome.ANSWERED, **fields: Any) -> AudienceMessage:
        message = written(text, **fields)
        await self._inbox.append([message])
        if outcome is not None:
            settlement = Settlement(key=message.key, outcome=outcome, reason="", at=message.at + 5)
            await self._inbox.settle([settlement])
        return message

    async def restarted(self, own: dict[str, Any], at: float) -> CommandRoom:
        room = CommandRoom(own)
        await recall(room.gate, self._inbox, (await self._inbox.newest(100))[::-1], NOON + at)
        return room


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Evening]:
    async with opened(tmp_path) as inbox:
        yield Evening(inbox)


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.FORWARDED, Outcome.MERGED])
async def test_what_was_used_up_in_a_stream_stays_so(evening: Evening, outcome: Outcome) -> None:
    await evening.before("!once", outcome)

    assert (await evening.restarted(ONCE, at=60)).say("!once", author="bob", at=60) == "used up"


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.EXPIRED, Outcome.DROPPED, None])
async def test_what_was_not_done_does_not_count(evening: Evening, outcome: Outcome | None) -> None:
    await evening.before("!once", outcome)

    assert (await evening.restarted(ONCE, at=60)).say("!once", author="bob", at=60) == ""


async def test_what_was_used_in_the_stream_before_does_not_count(evening: Evening) -> None:
    await evening.before("!once")
    await evening.before("", None, at=10, kind=Kind.ONLINE)

    assert (await evening.restarted(ONCE, at=60)).say("!once", author="bob", at=60) == ""


@pytest.mark.parametrize("later", [None, BREAK + 10])
async def test_after_a_long_silence_it_is_another_stream(evening: Evening, later: float | None) -> None:
    await evening.before("!once")
    if later is not None:
        await evening.before("good morning", Outcome.FORWARDED, at=later)

    room = await evening.restarted(ONCE, at=BREAK + 20)

    assert room.say("!once", author="bob", at=BREAK + 20) == ""


async def test_a_command_goes_on_resting(evening: Evening) -> None:
    await evening.before("!seldom", at=-30)
    await evening.before("!seldom", at=0)
    room = await evening.restarted(SELDOM, at=20)

    assert room.say("!seldom", author="bob", at=20) == "cooldown, 40.0 s"
    assert room.say("!seldom", author="bob", at=60) == ""


async def test_what_rests_from_the_end_of_its_answer_rests_from_when_it_was_told(evening: Evening) -> None:
    await evening.before("!sing", Outcome.FORWARDED)

    assert (await evening.restarted(SPOKEN, at=20)).say("!sing", author="bob", at=20) == "cooldown, 45.0 s"


async def test_each_use_counts_once(evening: Evening) -> None:
    await evening.before("!once")
    room = await evening.restarted(ONCE | {"per_stream": 2}, at=60)

    assert [room.say("!once", author="bob", at=at) for at in (60, 61)] == ["", "used up"]
