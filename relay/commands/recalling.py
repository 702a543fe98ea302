"""What was used before the relay was restarted: its cooldowns go on, and it counts in a stream that goes on."""

from collections.abc import Mapping, Sequence
from typing import Final

from relay.commands.gate import CommandGate
from relay.commands.resting import DONE
from relay.inbox.base import Inbox, Record
from relay.model import AudienceMessage, Kind

BREAK: Final = 3_600.0
"""Seconds without a message after which it is another stream, of whose beginning no relay may have heard."""


async def recall(commands: CommandGate, inbox: Inbox, messages: Sequence[AudienceMessage], now: float) -> None:
    """Take these into account, the oldest first. Raises InboxError, and may be repeated then."""
    found = [await inbox.why(message.key) for message in messages if commands.may_count(message, now)]
    uses = {record.message.key: at for record in found if record is not None and (at := _done_at(record)) is not None}
    _recall(commands, messages, uses, now)


def _recall(commands: CommandGate, messages: Sequence[AudienceMessage], uses: Mapping[str, float], now: float) -> None:
    last = now
    for message in messages:
        if message.kind is Kind.ONLINE or message.at - last > BREAK:
            commands.begin_stream()
        last = message.at
        if message.key in uses:
            commands.recall(message, uses[message.key])
    if now - last > BREAK:
        commands.begin_stream()


def _done_at(record: Record) -> float | None:
    """When what it used was done, or told; None when it was not."""
    if record.settlement is None:
        return None
    return record.settlement.at if record.settlement.outcome in DONE else None
