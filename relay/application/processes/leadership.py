"""What may be asked of a core while it leads a companion."""

import asyncio
from collections.abc import Callable

from relay.application.adopting import adopt
from relay.application.composition import Relay
from relay.config.loading import Config


class Leadership:
    """The time for which this process leads a companion."""

    def __init__(self, config: Config) -> None:
        self.config = config
        """What the companion goes by."""
        self.is_left = asyncio.Event()
        """Set to hand it over: what is being said is brought to its end, and nothing new is begun."""
        self.has_ended = asyncio.Event()
        """Set once nothing is left of it in this process."""
        self.takes_in: Callable[[], object] = lambda: None
        """Called once the companion has started: it knows again what it knew, and takes in what adapters bring."""
        self._relay: Relay | None = None
        self._adopted = config

    @property
    def has_begun(self) -> bool:
        """Whether there is a relay that may be saying something."""
        return self._relay is not None

    async def begin(self, relay: Relay) -> None:
        """The relay runs, with the settings there were when it was made."""
        self._relay = relay
        await self._adopt()

    async def adopt(self, config: Config) -> None:
        """Go by these from now on, which differ in nothing that needs another start."""
        self.config = config
        await self._adopt()

    async def _adopt(self) -> None:
        if self._relay is not None and self._adopted is not self.config:
            self._adopted = self.config
            await adopt(self._relay, self.config)
