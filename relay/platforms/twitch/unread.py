"""Events that could not be read: Twitch adds and changes things, and a lost one must not go unnoticed."""

import logging
from collections import Counter

from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)


class UnreadEvents:
    """Counts them by their type, and says so once for each type and cause."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """By the type as Twitch names it."""
        self._why: dict[str, str] = {}
        """What was wrong with the newest of each type."""

    def note(self, type: str, error: Exception) -> None:
        """An event of this type could not be read."""
        why = _cause(error)
        if self._why.get(type) != why:
            log.warning("an event %s of Twitch's could not be read (%s); such events are lost", type, why)
        self.counts[type] += 1
        self._why[type] = why

    @property
    def trouble(self) -> str:
        """For people; empty when all could be read."""
        told = [f"{count} {type} ({self._why[type]})" for type, count in self.counts.items()]
        return for_pages(f"events that could not be read: {', '.join(told)}") if told else ""


def _cause(error: Exception) -> str:
    """Which key is missing, or what kind of mistake it is; never what people wrote."""
    missing = f" {error}" if isinstance(error, KeyError) else ""
    return f"{type(error).__name__}{missing}"[:80]
