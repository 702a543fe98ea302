"""What a store's only process knows of its messages without asking the store."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from relay.model import AudienceMessage

CAPACITY: Final = 4_096
"""Messages kept that nobody has claimed yet; beyond that the store is read again."""


class AtHand:
    """Messages that came through this process and wait, and those that it holds, as they stand in the store.

    The store is the truth: whatever may have changed there otherwise is told with `doubt` or `changing`, and read anew.
    """

    def __init__(self) -> None:
        self._fresh: dict[str, AudienceMessage] = {}
        """Stored by this process and not claimed, in that order."""
        self._held: dict[str, AudienceMessage] = {}
        """Claimed and, as far as this process knows, without an outcome."""
        self._is_claimed = False
        """Whether anybody claims at all."""
        self._has_all = False
        """Whether nothing waits that is not here."""
        self._doubts = 0
        self.changes = 0
        """Another number whenever something may have changed in the store."""

    def begin(self) -> int:
        """Who claims reads the store. What that was told, to be given to `has_read`."""
        self._is_claimed = True
        return self._doubts

    def has_read(self, claimed: Sequence[AudienceMessage], begun: int) -> None:
        """The store gave these, now held; none when nothing waited there but what was stored since."""
        self.claimed(message.key for message in claimed)
        self.hold(claimed)
        self._has_all = not claimed and begun == self._doubts

    def stored(self, messages: Iterable[AudienceMessage]) -> None:
        """These wait in the store now."""
        if not self._is_claimed:
            return
        self._fresh |= {message.key: message for message in messages}
        if len(self._fresh) > CAPACITY:
            self._fresh.clear()
            self.doubt()

    def take(self, limit: int) -> list[AudienceMessage] | None:
        """The oldest that wait, now held; None when only the store knows."""
        if not self._has_all:
            return None
        taken = {key: self._fresh.pop(key) for key in list(islice(self._fresh, limit))}
        self._held |= taken
        return list(taken.values())

    def fresh(self, keys: Iterable[str]) -> dict[str, AudienceMessage]:
        """Those with these keys that wait and are here."""
        return {key: self._fresh[key] for key in keys if key in self._fresh}

    def claimed(self, keys: Iterable[str]) -> None:
        """They wait no more."""
        for key in keys:
            self._fresh.pop(key, None)

    def held(self, keys: Collection[str]) -> dict[str, AudienceMessage] | None:
        """The messages with these keys as they stand; None when only the store knows."""
        held = self._held
        return {key: held[key] for key in keys} if all(key in held for key in keys) else None

    def hold(self, messages: Iterable[AudienceMessage]) -> None:
        """These were claimed, and nothing changed since they were read."""
        self._held |= {message.key: message for message in messages}

    def over(self, keys: Iterable[str]) -> None:
        """These have their outcomes, or may have."""
        for key in keys:
            self._held.pop(key, None)
            if self._fresh.pop(key, None) is not None:
                self.doubt()

    @contextmanager
    def changing(self, is_meant: Callable[[AudienceMessage], bool], key: str | None = None) -> Iterator[None]:
        """Meanwhile what is meant may change in the store; with a key, that one alone."""
        self._leave_to_store(is_meant, key)
        try:
            yield
        finally:  # what was read before the change came in meanwhile
            self._leave_to_store(is_meant, key)

    def _leave_to_store(self, is_meant: Callable[[AudienceMessage], bool], key: str | None) -> None:
        self.changes += 1
        for messages in (self._fresh, self._held):
            found = [each.key for each in _among(messages, key) if is_meant(each)]
            for each in found:
                del messages[each]
            if found and messages is self._fresh:
                self.doubt()

    def doubt(self) -> None:
        """Something may wait in the store that is not here."""
        self._doubts += 1
        self._has_all = False


def _among(messages: Mapping[str, AudienceMessage], key: str | None) -> Iterable[AudienceMessage]:
    if key is None:
        return messages.values()
    return (messages[key],) if key in messages else ()
