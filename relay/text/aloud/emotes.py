"""Emotes of a channel's own, which no list can know: platforms tell which words in a message are pictures."""

from collections.abc import Iterable
from typing import Final

KNOWN: Final = 500
"""Emotes that are remembered, those seen last."""


class Emotes:
    """A container of words. Asked by other threads, too."""

    def __init__(self) -> None:
        self._known: dict[str, None] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Somebody wrote these, which are pictures."""
        for word in words:
            self._known.pop(word, None)
            self._known[word] = None
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]

    def __contains__(self, word: object) -> bool:
        return word in self._known
