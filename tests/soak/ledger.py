"""What became of each message of the day, in a byte each."""

from collections.abc import Iterable, Sequence

from relay.application.statistics import Statistics
from relay.model import Forward, Settlement


class Ledger(Statistics):
    """The relay's statistics, which also counts for each message how often it ended and how often it was told."""

    def __init__(self, messages: int) -> None:
        super().__init__()
        self._ended = bytearray(messages)
        self._told = bytearray(messages)
        self.taken_back = 0
        """Ended by their platform, before they were told."""

    def settled(self, settlements: Sequence[Settlement]) -> None:
        super().settled(settlements)
        _count(self._ended, (settlement.key for settlement in settlements))

    def told(self, forward: Forward) -> None:
        """The character was told; subscribe this to what is forwarded."""
        _count(self._told, forward.keys)

    def dropped(self, count: int, reason: str) -> None:
        super().dropped(count, reason)
        self.taken_back += count

    @property
    def lost(self) -> int:
        """Messages that were taken in and have no outcome."""
        return self.received - sum(map(bool, self._ended)) - self.taken_back

    @property
    def doubled(self) -> int:
        """Messages with more than one outcome, or told more than once."""
        return sum(ended > 1 or told > 1 for ended, told in zip(self._ended, self._told, strict=True))


def _count(counts: bytearray, keys: Iterable[str]) -> None:
    for key in keys:
        place = key.rpartition("-")[2]
        if place.isdigit():  # what is said aloud has no number
            counts[int(place)] = min(255, counts[int(place)] + 1)
