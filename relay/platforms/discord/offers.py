"""What a bot offers as slash commands, whichever of its sessions they are used in."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from relay.model import Settlement
from relay.platforms.base import PlatformControls, ViewerCommands
from relay.platforms.discord.incoming import places_of
from relay.platforms.discord.interactions import SlashCommand, Use
from relay.platforms.discord.uses import Uses
from relay.platforms.sharing import Share

CREATED_A_DAY: Final = 150
"""New commands in 24 hours, in one server or everywhere; Discord takes 200, and somebody may restart the relay."""
DAY: Final = 86_400.0
EVERYWHERE: Final = 0
"""Stands for a server where something is in none."""


class Creations:
    """How many commands may still be created; outlives the sessions of one run. Pure."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._created: deque[tuple[float, int]] = deque()

    def take(self, count: int) -> bool:
        """Create so many now, if that many may be."""
        now = self._clock()
        while self._created and self._created[0][0] <= now - DAY:
            self._created.popleft()
        may = sum(each for _, each in self._created) + count <= CREATED_A_DAY
        if may and count:
            self._created.append((now, count))
        return may


@dataclass
class Offers:
    """Of one companion everywhere, or of each of several in its own servers."""

    controls: PlatformControls
    more: Sequence[SlashCommand] = ()
    """Those of other parts of the adapter."""
    viewers: ViewerCommands | None = None
    """Those that come and go, everywhere."""
    shares: Sequence[Share] | None = None
    """Those of each companion; None where one has the bot for itself."""
    registered: dict[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """What Discord was last told, by server."""
    creations: defaultdict[int, Creations] = field(default_factory=lambda: defaultdict(Creations))
    """By server."""
    uses: Uses = field(default_factory=Uses)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def share(self, shares: Sequence[Share]) -> None:
        """These companions have the bot from now on."""
        self.shares = shares
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self, shares: Sequence[Share] | None) -> None:
        """Return when others have the bot than these."""
        while self.shares is shares:
            await self._changed.wait()

    def viewers_of(self, use: Use) -> ViewerCommands | None:
        """The commands of the companion that is where one is used."""
        places = places_of(use.channel)
        there = (share for share in self.shares or () if any(place in share.channels for place in places))
        return next((share.commands for share in there), self.viewers)

    def explained(self, use: Use, settlement: Settlement) -> str:
        """What became of a use, in words for who it was."""
        viewers = self.viewers_of(use)
        return viewers.explained(settlement) if viewers is not None else "The companion was not told."
