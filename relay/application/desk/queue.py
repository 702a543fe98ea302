"""What waits, as the desk shows it: in the order in which it would be heard, each with why it stands there."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from relay.application.composition import Relay
from relay.forwarding.lanes import Lane, PooledMessage
from relay.forwarding.rendering import Pick
from relay.model import Role
from relay.system import clock
from relay.web.desk.topics import Age, Left, Topic

MOST: Final = 100
"""Shown at once, of what may be hundreds."""
EVERY: Final = 0.25
"""Seconds between two looks at what waits."""

_LANES: Final = {
    Lane.FIRST: "first",
    Lane.SPOKEN: "spoken",
    Lane.STAFF: "staff",
    Lane.EVENT: "event",
    Lane.ADDRESSED: "addressed",
}


class WaitingList:
    """All that is told next."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self.topic = Topic("next", self.state, clock.now, every=EVERY, mark=self._mark)

    def state(self) -> dict[str, object]:
        """`is_loud`: more comes in than can be answered, so that chat is drawn by lot and the order may change."""
        forwarder, now = self._relay.forwarder, clock.now()
        waiting, halt = forwarder.waiting, forwarder.halt
        return {
            "total": len(waiting),
            "is_loud": waiting.is_loud(now),
            "halt": halt.code if halt is not None else None,
            "rows": [_row(each, waiting.expiry(each, now)) for each in islice(waiting.in_order(now), MOST)],
        }

    def _mark(self) -> object:
        forwarder, now = self._relay.forwarder, clock.now()
        waiting = forwarder.waiting
        first = islice(waiting.in_order(now), MOST)
        return len(waiting), forwarder.halt, [(each.message.key, _others(each)) for each in first]


def _row(entry: PooledMessage | Pick, expiry: float) -> dict[str, object]:
    message = entry.message
    return {
        "key": message.key,
        "kind": message.kind,
        "who": message.author.name,
        "viewer": message.viewer,
        "platform": message.platform,
        "text": entry.text or message.text or message.detail or "",
        "amount": message.amount,
        "detail": message.detail,
        "pretended": message.pretended,
        "reasons": list(_reasons(entry)),
        "others": _others(entry),
        "waited": Age(message.at),
        "left": Left(expiry),
    }


def _reasons(entry: PooledMessage | Pick) -> Iterator[str]:
    """Why it stands where it stands, as codes."""
    if isinstance(entry, Pick):
        yield "told"  # it asks for no answer, and needs no free floor
        return
    if lane := _LANES.get(entry.lane):
        yield lane
    if entry.lane is not Lane.EVENT and entry.reading.is_question:
        yield "question"
    if entry.message.author.roles & {Role.SUBSCRIBER, Role.VIP}:
        yield "supporter"


def _others(entry: PooledMessage | Pick) -> int:
    """How many other viewers say the same."""
    return entry.others if isinstance(entry, Pick) else len(entry.viewers)
