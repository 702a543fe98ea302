"""What became of each message of the day, in a byte each."""

from collections import Counter
from collections.abc import Iterable, Sequence

from relay.application.statistics import Statistics
from relay.model import Forward, Settlement


class Ledger(Statistics):
    """The relay's statistics, which also counts for each message how often it ended and how often it was told."""

    def __init__(self, messages: int) -> None:
        super().__init__()
        self._ended = _Counts(messages)
        self._told = _Counts(messages)

    def settled(self, settlements: Sequence[Settlement]) -> None:
        super().settled(settlements)
        self._ended.add(settlement.key for settlement in settlements)

    def told(self, forward: Forward) -> None:
        """The character was told; subscribe this to what is forwarded."""
        self._told.add(forward.keys)

    @property
    def lost(self) -> int:
        """Messages that were taken in and have no outcome."""
        return self.received - len(self._ended)

    @property
    def doubled(self) -> int:
        """Messages with more than one outcome, or told more than once."""
        return len(self._ended.repeated() | self._told.repeated())


class _Counts:
    """How often something happened to each message."""

    def __init__(self, messages: int) -> None:
        self._written = bytearray(messages)
        self._aloud = Counter[str]()
        """What is said aloud has no number."""

    def __len__(self) -> int:
        """To how many of them it happened."""
        return sum(map(bool, self._written)) + len(self._aloud)

    def add(self, keys: Iterable[str]) -> None:
        """It happened to these."""
        for key in keys:
            _, is_written, place = key.rpartition(":flood-")
            if is_written:
                self._written[int(place)] = min(255, self._written[int(place)] + 1)
            else:
                self._aloud[key] += 1

    def repeated(self) -> set[int | str]:
        """Those to which it happened more than once."""
        written = (place for place, count in enumerate(self._written) if count > 1)
        return {*written, *(key for key, count in self._aloud.items() if count > 1)}
