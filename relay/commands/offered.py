"""The viewers' commands as they come and go, in the process that carries them out and in those that only offer them."""

import asyncio

from relay.commands.explaining import ended
from relay.model import Settlement


class OfferedCommands:
    """What any set of commands tells; see ViewerCommands."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is what commands begin with."""
        self.prefix = prefix
        self.revision = 0
        """Another one whenever other commands are offered."""
        self._changed = asyncio.Event()

    async def changed(self, revision: int) -> None:
        """Return when the revision is another one."""
        while self.revision == revision:
            await self._changed.wait()

    def _announce(self) -> None:
        """Others are offered now."""
        self.revision += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def explained(self, settlement: Settlement) -> str:
        """What became of a use, for who it was."""
        return ended(settlement, "the companion", self.prefix)
