"""What the store needs now and then: old messages forgotten, and a look whether it can go on keeping new ones."""

import logging
from typing import Final

from relay.inbox.base import Inbox, Watchable
from relay.system import clock

log = logging.getLogger(__name__)

EVERY: Final = 60.0
"""Seconds between two looks, at most."""
SHARE: Final = 0.1
"""The same as a share of how long messages are remembered: what is kept for minutes must not be kept for twice that."""


class Upkeep:
    """`once` is to be called again after `every` seconds. `keep` is how long settled messages are remembered."""

    def __init__(self, inbox: Inbox, keep: float) -> None:
        self.every = min(EVERY, SHARE * keep)
        self.troubles: list[str] = []
        """What a person should mend, one line each, as of the last look."""
        self._inbox = inbox
        self._keep = keep

    async def once(self) -> None:
        """Raises InboxError."""
        await self._inbox.trim(clock.now() - self._keep)
        if isinstance(self._inbox, Watchable):
            before, self.troubles = self.troubles, await self._inbox.troubles()
            known = {_without_figures(line) for line in before}
            for line in self.troubles:
                if _without_figures(line) not in known:
                    log.warning("%s", line)


def _without_figures(line: str) -> str:
    return "".join(character for character in line if not character.isdigit())
