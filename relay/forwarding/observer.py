"""Who is told what the forwarder does."""

from collections.abc import Sequence
from typing import Protocol

from relay.model import Forward, Settlement


class Observer(Protocol):
    """Hears what the forwarder does. Called without waiting."""

    def asking(self, forward: Forward) -> None:
        """A forward that expects an answer is about to be sent."""
        ...

    def unasked(self, forward: Forward) -> None:
        """Voxta has not taken it, as far as is known: nothing in this chat will answer it."""
        ...

    def forwarded(self, forward: Forward) -> None:
        """Voxta has taken it."""
        ...

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Messages have their outcomes."""
        ...
