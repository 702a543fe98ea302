"""Finds the waiting message a new one repeats: the same words, or nearly the same by SimHash.

Charikar (2002): similar texts differ in few of 64 bits. Two hashes at most 3 bits apart agree in at least one of
four 16-bit bands, so looking at those four is enough.
"""

from collections import defaultdict, deque
from typing import Final

MAX_DISTANCE: Final = 3
"""Bits two texts may differ in and still count as the same."""
_BANDS: Final = (0, 16, 32, 48)


class Duplicates:
    """An index of texts by hash; each is known by a name."""

    def __init__(self) -> None:
        self._exact: dict[int, str] = {}
        self._bands: defaultdict[tuple[int, int], dict[str, int]] = defaultdict(dict)

    def find(self, digest: int, simhash: int) -> str | None:
        """The name of a text that is the same, or nearly; None when there is none."""
        if (name := self._exact.get(digest)) is not None:
            return name
        for band in self._keys(simhash):
            for name, other in self._bands.get(band, {}).items():
                if (simhash ^ other).bit_count() <= MAX_DISTANCE:
                    return name
        return None

    def add(self, name: str, digest: int, simhash: int) -> None:
        self._exact[digest] = name
        for band in self._keys(simhash):
            self._bands[band][name] = simhash

    def remove(self, name: str, digest: int, simhash: int) -> None:
        if self._exact.get(digest) == name:
            del self._exact[digest]
        for band in self._keys(simhash):
            self._bands[band].pop(name, None)
            if not self._bands[band]:
                del self._bands[band]

    @staticmethod
    def _keys(simhash: int) -> list[tuple[int, int]]:
        return [(shift, simhash >> shift & 0xFFFF) for shift in _BANDS]


class RecentTexts:
    """The newest texts, at most `limit`: was this one, or nearly this one, among them?"""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._order: deque[tuple[str, int, int]] = deque()
        self._duplicates = Duplicates()

    def has(self, digest: int, simhash: int) -> bool:
        return self._duplicates.find(digest, simhash) is not None

    def add(self, name: str, digest: int, simhash: int) -> None:
        self._order.append((name, digest, simhash))
        self._duplicates.add(name, digest, simhash)
        if len(self._order) > self._limit:
            self._duplicates.remove(*self._order.popleft())
