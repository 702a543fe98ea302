"""Where it is remembered: one protocol for both engines, which differ in nothing but where they keep it."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Final, Protocol

from relay.memory.records import Acquaintance

AT_ONCE: Final = 500
"""Accounts that are read, or forgotten, at once where many are."""

Change = Callable[[Mapping[str, Acquaintance]], Mapping[str, Acquaintance | None]]
"""From what is known of some accounts to what is to be known of them: None forgets one, one that is left out stays as
it is. May be called more than once for one change."""


class MemoryStore(Protocol):
    """Acquaintances by `platform:id`. Other processes may have the same store open, such as the command line.

    Every method raises MemoryUnavailable when the store does not answer within its timeout, and may be repeated then.
    """

    async def open(self) -> None:
        """Connect and create what is missing. Called once, before anything else. Raises ConfigError."""
        ...

    async def close(self) -> None:
        """Finish what was accepted and let go of the store."""
        ...

    async def get(self, viewers: Collection[str]) -> dict[str, Acquaintance]:
        """What is known of these accounts; unknown ones are missing."""
        ...

    async def change(self, viewers: Collection[str], change: Change, *, erase: bool = False) -> None:
        """Change what is known of these accounts in one atomic step; durable when it returns.

        With `erase` nothing that the change took away is left in the store when it returns. Files that a Redis server
        writes by itself follow within moments.
        """
        ...

    async def trim(self, older_than: float, most: int) -> int:
        """Forget accounts not seen since this time (seconds since the epoch), and all but the `most` seen last.

        Erases them, and what others have of being linked with them. How many were forgotten.
        """
        ...

    def everyone(self) -> AsyncIterator[Acquaintance]:
        """All accounts, those seen longest ago first. What changes meanwhile may be missing, or be told as it was."""
        ...
