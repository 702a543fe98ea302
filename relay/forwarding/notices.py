"""Messages that only tell something: they need no answer and no floor, and go in order of arrival."""

from collections import OrderedDict
from collections.abc import Iterator
from itertools import takewhile

from sortedcontainers import SortedKeyList

from relay.commands.explaining import QueuePlace
from relay.forwarding.rendering import Pick

CAPACITY = 2_048
"""Messages held; beyond that the oldest is passed over, so that arrival never waits for the budget."""


class NoticeQueue:
    """A bounded queue by key."""

    def __init__(self, time_to_live: float) -> None:
        """`time_to_live` in seconds."""
        self._time_to_live = time_to_live
        self._picks: OrderedDict[str, Pick] = OrderedDict()
        self._by_age: SortedKeyList[Pick, float] = SortedKeyList(key=self.expiry)

    def __len__(self) -> int:
        return len(self._picks)

    def add(self, pick: Pick, *, in_front: bool = False) -> Pick | None:
        """Take a message in. The one passed over, when there are more than fit."""
        self.remove(pick.message.key)
        self._picks[pick.message.key] = pick
        self._by_age.add(pick)
        if in_front:
            self._picks.move_to_end(pick.message.key, last=False)
        return self.take(1)[0] if len(self._picks) > CAPACITY else None

    def place_of(self, key: str, now: float) -> QueuePlace | None:
        """How the message with this key waits; None when it does not."""
        if key not in self._picks:
            return None
        return QueuePlace(self.expiry(self._picks[key]) - now, list(self._picks).index(key), len(self) - 1)

    def of(self, viewer: str) -> list[str]:
        """The keys of what waits of a viewer."""
        return [pick.message.key for pick in self._picks.values() if pick.message.viewer == viewer]

    def __iter__(self) -> Iterator[Pick]:
        """In the order in which they go."""
        return iter(self._picks.values())

    def put_first(self, key: str) -> bool:
        """Let this one go before the others. Whether it waits."""
        if key in self._picks:
            self._picks.move_to_end(key, last=False)
        return key in self._picks

    def take(self, most: int) -> list[Pick]:
        """Take out the next ones, at most so many."""
        taken = [self._picks.popitem(last=False)[1] for _ in range(min(most, len(self)))]
        for pick in taken:
            self._by_age.remove(pick)
        return taken

    def remove(self, key: str) -> Pick | None:
        """Take one out; None when it is not there."""
        pick = self._picks.pop(key, None)
        if pick is not None:
            self._by_age.remove(pick)
        return pick

    def expired(self, now: float) -> list[Pick]:
        """Take out those that are too old at `now`, in seconds since the epoch."""
        gone = list(takewhile(lambda pick: self.expiry(pick) <= now, self._by_age))
        for pick in gone:
            self.remove(pick.message.key)
        return gone

    def next_expiry(self) -> float | None:
        """When the next one will be too old, in seconds since the epoch."""
        return self.expiry(self._by_age[0]) if self._by_age else None

    def expiry(self, pick: Pick) -> float:
        """When it will be too old, in seconds since the epoch."""
        return pick.message.at + self._time_to_live

    def clear(self) -> list[Pick]:
        """Take everything out."""
        everything = list(self._picks.values())
        self._picks.clear()
        self._by_age.clear()
        return everything
