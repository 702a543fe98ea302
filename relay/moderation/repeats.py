"""Who said the same before: one viewer again and again, or many viewers the same long text. Bounded memory."""

from collections import OrderedDict
from dataclasses import dataclass, field

MAX_REMEMBERED = 20_000
"""Texts and viewers remembered each; the oldest is forgotten first."""


@dataclass(slots=True)
class _Spread:
    since: float
    viewers: set[str] = field(default_factory=set)


class Repeats:
    """Times in seconds of one clock."""

    def __init__(self, *, within: float, paste_length: int, paste_viewers: int) -> None:
        self._within = within
        self._paste_length = paste_length
        self._paste_viewers = paste_viewers
        self._own: OrderedDict[tuple[str, int], float] = OrderedDict()
        self._pastes: OrderedDict[int, _Spread] = OrderedDict()

    def is_repeated(self, viewer: str, digest: int, now: float) -> bool:
        """Whether this viewer said this within the last `within` seconds; and remember that they do now."""
        before = self._own.get((viewer, digest))
        self._own[viewer, digest] = now
        self._own.move_to_end((viewer, digest))
        if len(self._own) > MAX_REMEMBERED:
            self._own.popitem(last=False)
        return before is not None and now - before < self._within

    def is_paste(self, viewer: str, digest: int, length: int, now: float) -> bool:
        """Whether a long text is being passed around: others said it within the last `within` seconds."""
        if length < self._paste_length:
            return False
        spread = self._pastes.get(digest)
        if spread is None or now - spread.since > self._within:
            spread = self._pastes[digest] = _Spread(now)
        if len(spread.viewers) <= self._paste_viewers:
            spread.viewers.add(viewer)
        if len(self._pastes) > MAX_REMEMBERED:
            self._pastes.popitem(last=False)
        return len(spread.viewers) > self._paste_viewers
