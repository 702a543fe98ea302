"""What a store did although whoever asked was told of a failure, so that a repeat is answered as the first try was."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class LostAnswers(Generic[T]):
    """The items of calls that failed in the asking, not (or not for sure) in the store."""

    def __init__(self) -> None:
        self._since: dict[T, int] = {}

    def __bool__(self) -> bool:
        return bool(self._since)

    def __iter__(self) -> Iterator[T]:
        return iter(self._since)

    def add(self, items: Iterable[T], since: int = 0) -> None:
        """`since` is when the call began, for those who look whether the store has the item from then."""
        for item in items:
            self._since.setdefault(item, since)

    @contextmanager
    def on_failure(self, items: Iterable[T], since: int = 0) -> Iterator[None]:
        """Add the items when the block fails or is cancelled."""
        try:
            yield
        except BaseException:
            self.add(items, since)
            raise

    def among(self, items: Iterable[T]) -> dict[T, int]:
        """Those of the items whose answer was lost, and since when."""
        return {item: self._since[item] for item in items if item in self._since} if self._since else {}

    def take(self, item: T) -> bool:
        """Whether the item's answer was lost; no longer after this, so that it is given once."""
        return self._since.pop(item, None) is not None

    def answers(self, items: Sequence[T], done: list[bool]) -> list[bool]:
        """What is to be said of each: that it was done now, or earlier by a call whose answer was lost."""
        if not self._since:
            return done
        return [self.take(item) or is_done for item, is_done in zip(items, done, strict=True)]
