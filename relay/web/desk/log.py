"""A topic that grows: rows which come one after the other and change while it becomes known how they end."""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

from relay.model import Role
from relay.web.desk.topics import EVERY, Clock, MomentEncoder, Watched

KEPT: Final = 10_000
"""Rows; the oldest is forgotten when one more comes."""
AT_ONCE: Final = 200
"""Rows of one frame. A page that has missed more is told the newest ones anew."""


class LogRow(Protocol):
    """One row."""

    number: int
    """Given by the log; each new row has the next one."""

    @property
    def id(self) -> str:
        """Unique within the log."""
        ...

    @property
    def words(self) -> tuple[str, ...]:
        """What it is found by. Cheaper than what is shown: a search looks at all rows there are."""
        ...

    def shown(self) -> Mapping[str, object]:
        """Of what JSON can hold, and Age and Left. Its id and number are added."""
        ...


RowT = TypeVar("RowT", bound=LogRow)


class LogTopic(Watched, Generic[RowT]):
    """Rows in the order in which they came. Adding, changing and finding one cost the same however many there are."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        refresh: Callable[[], object] | None = None,
        counts: Callable[[RowT], bool] | None = None,
        kept: int = KEPT,
    ) -> None:
        """`refresh` is called a few times a second while the log is shown, for rows that nobody tells the change of.

        `counts` tells which rows the total is of, as a page does not have them all; else it is of all.
        """
        super().__init__(name, Role.MODERATOR, EVERY)
        self._clock = clock
        self._refresh = refresh
        self._counts = counts
        self._kept = kept
        self._rows: OrderedDict[str, RowT] = OrderedDict()
        self._by_number: dict[int, RowT] = {}
        self._changes: OrderedDict[str, int] = OrderedDict()
        """The revision in which each row changed last, the newest at the end."""
        self._next = 0
        self._anew = 0
        """The revision from which on pages know the rows by the numbers they have now."""

    def __iter__(self) -> Iterator[RowT]:
        """The newest one first."""
        return reversed(self._rows.values())

    def get(self, row_id: str) -> RowT | None:
        return self._rows.get(row_id)

    def add(self, row: RowT) -> None:
        """A new one."""
        row.number = self._next
        self._next += 1
        self._rows[row.id] = self._by_number[row.number] = row
        if len(self._rows) > self._kept:
            row_id, oldest = self._rows.popitem(last=False)
            del self._by_number[oldest.number]
            del self._changes[row_id]
        self.touch(row)

    def restore(self, rows: Sequence[RowT]) -> None:
        """Put rows from before in front of all that are there, in order; pages are told anew."""
        earlier = [row for row in rows if row.id not in self._rows]
        if not earlier:
            return
        rows = [*earlier, *self._rows.values()]
        for known in (self._rows, self._by_number, self._changes):
            known.clear()
        self._next = 0
        for row in rows:
            self.add(row)
        self._anew = self.revision

    def touch(self, row: RowT) -> None:
        """One has changed."""
        if self._rows.get(row.id) is row:
            self.changed()
            self._changes[row.id] = self.revision
            self._changes.move_to_end(row.id)

    def look(self) -> None:
        """See TopicNews."""
        if self._refresh is not None and self.is_watched:
            self._refresh()

    def news(self, seen: int | None) -> str:
        """See TopicNews."""
        rows = self._since(seen) if seen is not None else None
        is_anew = rows is None
        shown = self.before(self._next, AT_ONCE) if rows is None else rows
        frame = {"topic": self.name, "anew": is_anew, "total": self._total(), "rows": [_row(row) for row in shown]}
        return json.dumps(frame, default=MomentEncoder(self._clock()))

    def before(self, number: int, count: int, fits: Callable[[RowT], bool] = lambda _: True) -> list[RowT]:
        """As many rows that fit as wanted from before that number, in their order."""
        first = self._next - len(self._rows)
        older = (self._by_number[each] for each in range(min(number, self._next) - 1, first - 1, -1))
        return list(islice(filter(fits, older), count))[::-1]

    def told(self, rows: list[RowT]) -> object:
        """Rows as those are told who ask for them."""
        return json.loads(json.dumps([_row(row) for row in rows], default=MomentEncoder(self._clock())))

    def _total(self) -> int:
        return len(self._rows) if self._counts is None else sum(map(self._counts, self._rows.values()))

    def _since(self, seen: int) -> list[RowT] | None:
        """What has changed since, in order; None when it is more than fits."""
        if seen < self._anew:
            return None
        changed: list[RowT] = []
        for row_id, revision in reversed(self._changes.items()):
            if revision <= seen:
                break
            if len(changed) == AT_ONCE:
                return None
            changed.append(self._rows[row_id])
        return sorted(changed, key=lambda row: row.number)


def _row(row: LogRow) -> dict[str, object]:
    return {"id": row.id, "n": row.number, **row.shown()}
