"""What a loud room says together: it is counted, and told as a number beside what is chosen."""

from collections import Counter

from relay.forwarding.lanes import MAX_ECHOES


class Shouts:
    """By their text, each with the viewers who shouted it."""

    def __init__(self, *, at_least: int, most: int) -> None:
        """Worth telling is what so many viewers shout; `most` texts are told apart."""
        self._at_least = at_least
        self._most = most
        self._viewers: dict[str, set[str]] = {}

    def add(self, text: str, viewer: str) -> None:
        if len(self._viewers) < self._most or text in self._viewers:
            viewers = self._viewers.setdefault(text, set())
            if len(viewers) < MAX_ECHOES:
                viewers.add(viewer)

    def take(self) -> tuple[tuple[str, int], ...]:
        """The two that most viewers have shouted, each with how many did; all are forgotten."""
        counts = Counter({text: len(viewers) for text, viewers in self._viewers.items()})
        self._viewers.clear()
        return tuple((text, count) for text, count in counts.most_common(2) if count >= self._at_least)
