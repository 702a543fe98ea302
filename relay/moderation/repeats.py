"""Who said the same before: one viewer again and again, or many viewers the same long text. Bounded memory."""

from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from relay.system.bounded import remember

MAX_REMEMBERED: Final = 20_000
"""Texts and viewers remembered each; the oldest is forgotten first."""
MAX_COMPARED: Final = 64
"""The newest pastes a long text is compared with."""
MAX_DISTANCE: Final = 10
"""Bits of the SimHash in which two long texts may differ: about one word in fifteen."""


@dataclass(slots=True)
class _Spread:
    simhash: int
    since: float
    viewers: set[str] = field(default_factory=set)


class Repeats:
    """Times in seconds of one clock."""

    def __init__(self, *, within: float, paste_viewers: int) -> None:
        self._within = within
        self._paste_viewers = paste_viewers
        self._own: OrderedDict[tuple[str, int], tuple[float, str]] = OrderedDict()
        self._pastes: OrderedDict[int, _Spread] = OrderedDict()

    def is_repeated(self, viewer: str, key: str, digest: int, now: float) -> bool:
        """Whether this viewer said this within the last `within` seconds; and remember that they do now.

        `key` names the message, so that one that is judged again does not count as its own repetition.
        """
        at, first = self._own.get((viewer, digest), (now, key))
        if now - at >= self._within:
            first = key
        remember(self._own, (viewer, digest), (now, first), MAX_REMEMBERED)
        return first != key

    def is_paste(self, viewer: str, digest: int, simhash: int, now: float) -> bool:
        """Whether a long text is being passed around: others said nearly the same within the last `within` seconds."""
        spread = self._pastes.get(digest) or self._similar(simhash)
        if spread is None or now - spread.since > self._within:
            spread = _Spread(simhash, now)
        if len(spread.viewers) <= self._paste_viewers:
            spread.viewers.add(viewer)
        remember(self._pastes, digest, spread, MAX_REMEMBERED)
        return len(spread.viewers) > self._paste_viewers

    def _similar(self, simhash: int) -> _Spread | None:
        newest = islice(reversed(self._pastes.values()), MAX_COMPARED)
        return next((spread for spread in newest if (spread.simhash ^ simhash).bit_count() <= MAX_DISTANCE), None)
