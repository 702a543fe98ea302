"""Those who support the stream, as a feed of its own: each can be ticked off, and told again."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from pydantic import Field

from relay.application.composition import Relay
from relay.application.desk.rows import MessageRow, forget
from relay.application.desk.ticks import Ticks
from relay.model import AudienceMessage, Caller, Kind, Settlement
from relay.moderation.controls import command_in
from relay.system import clock
from relay.text.for_pages import for_pages
from relay.web.desk.actions import DeskAction, DeskError, Fields
from relay.web.desk.log import LogTopic

KINDS: Final = frozenset(
    {
        Kind.FOLLOW, Kind.SUBSCRIBE, Kind.RESUBSCRIBE, Kind.GIFT, Kind.CHEER, Kind.RAID, Kind.REDEMPTION, Kind.UPGRADE,
        Kind.PAY_IT_FORWARD, Kind.CHARITY, Kind.WATCH_STREAK, Kind.BITS_BADGE_TIER, Kind.MEMBER, Kind.BOOST,
    }
)  # fmt: skip
_SIGN: Final = "~"
"""Stands between the id of what is told again and what tells this time from others."""


class Tick(Fields):
    id: str = Field(min_length=1, max_length=300, description="of a row of the support feed")
    ticked: bool = Field(True, description="false takes it back")


class Again(Fields):
    id: str = Field(min_length=1, max_length=300, description="of support, or of any message, as `platform:id`")


class Support:
    """Hears what happens, whether or not a page is open."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._ticks = Ticks(relay.inbox)
        self.topic: LogTopic[MessageRow] = LogTopic("support", clock.now, counts=lambda row: row.ticked_by is None)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Until the context ends."""
        events = self._relay.events
        forgotten = events.forgotten.told_to(partial(forget, self.topic))
        with events.arrived.told_to(self._arrived), events.settled.told_to(self.settled), forgotten:
            yield

    def actions(self) -> Iterator[DeskAction[Any]]:
        """What can be done with a row."""
        yield DeskAction("tick", "Tick support off, for all who look at it", Tick, self._tick)
        yield DeskAction("again", "Have support, or any message, told once more", Again, self._again)

    def _arrived(self, message: AudienceMessage) -> None:
        if _is_support(message) and self.topic.get(message.key) is None:
            self.topic.add(MessageRow(message))

    async def restore(self, messages: Sequence[AudienceMessage]) -> None:
        """Show what came in before this start, too, as it was ticked off. Raises InboxError."""
        ticks = await self._ticks.all()
        told = Counter(message.key.rpartition(_SIGN)[0] for message in messages if message.told_again)
        self.topic.restore(
            [
                MessageRow(message, ticked_by=ticks.get(message.key), told_again=told[message.key])
                for message in messages
                if _is_support(message)
            ]
        )

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """They have their outcomes."""
        for settlement in settlements:
            if row := self.topic.get(settlement.key.partition(_SIGN)[0]) or self.topic.get(settlement.key):
                row.ended = settlement
                self.topic.touch(row)

    async def _tick(self, given: Tick, by: Caller) -> str:
        row = self._row(given.id)
        name = by.name if given.ticked else None
        await self._ticks.set(row.id, name)
        row.ticked_by = name
        self.topic.touch(row)
        answer, what = (for_pages("Ticked off."), "tick") if given.ticked else (for_pages("Open again."), "untick")
        return answer + await self._relay.controls.note(by, f"{what} {given.id}")

    async def _again(self, given: Again, by: Caller) -> str:
        if (row := self.topic.get(given.id)) is not None:
            row.told_again, row.ended = row.told_again + 1, None
            self.topic.touch(row)
            message = row.message
        else:
            message = await self._settled_message(given.id)
        await self._relay.receive(told_again(message, uuid.uuid4().hex[:6]))
        return for_pages("It is told again.") + await self._relay.controls.note(by, f"again {given.id}")

    async def _settled_message(self, key: str) -> AudienceMessage:
        record = await self._relay.inbox.why(key)
        if record is None:
            raise DeskError("gone", f"There is no such message (any more): {key[:80]}", "id")
        if record.settlement is None:
            raise DeskError("gone", "It waits yet, and is told when it is its turn.", "id")
        call = self._relay.commands.gate.table.call(record.message)
        if command_in(record.message) is not None or (call is not None and call.command.do is not None):
            raise DeskError("invalid", "It is a command, and what it did is not done twice.", "id")
        return record.message

    def _row(self, row_id: str) -> MessageRow:
        if (row := self.topic.get(row_id)) is None:
            raise DeskError("gone", f"There is no such support (any more): {row_id[:80]}", "id")
        return row


def _is_support(message: AudienceMessage) -> bool:
    return message.kind in KINDS and not message.told_again


def told_again(message: AudienceMessage, time: str) -> AudienceMessage:
    """The same as something new, that nobody has to be paid back for."""
    reward = message.reward and message.reward.model_copy(update={"awaits_outcome": False})
    fresh = {"id": f"{message.id}{_SIGN}{time}", "at": clock.now(), "told_again": True, "reward": reward}
    return message.model_copy(update=fresh | {"withheld": None, "is_unseen": False})
