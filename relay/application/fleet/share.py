"""How many companions one core process leads, where several share them."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import ceil
from typing import Final

from relay.application.processes.kinds import core_service
from relay.bus.presence import Presence

SERVICE: Final = "fleet"
"""What every core process of a fleet can be asked for as, so that each knows how many they are."""
SETTLED: Final = 5.0
"""Seconds for which another process has to be there before one more companion is left to it."""


class FairShare:
    """Keeps a process from leading more than its part, as long as others are there to lead the rest."""

    def __init__(self, presence: Presence, companions: Callable[[], int], asked: asyncio.Event) -> None:
        """`companions`: how many there are in all. `asked` is set once this process is to end."""
        self._presence = presence
        self._companions = companions
        self._asked = asked
        self._led: dict[str, None] = {}

    def tell(self, problems: Mapping[str, str]) -> None:
        """What keeps companions from being led here, by name. Once told, it is one of those that share."""
        if not self._asked.is_set():
            self._presence.offer(SERVICE, {"problems": dict(problems)})

    def end(self) -> None:
        """It shares no more: what it leads no longer is the others', however long the rest of it takes to end."""
        self._presence.withdraw(SERVICE)

    def most(self) -> int:
        """How many are this process's part."""
        processes = max(1, sum(1 for _ in self._presence.of(SERVICE)))
        return ceil(self._companions() / processes)

    async def turn(self, companion: str) -> None:
        """Return when nobody leads it and this process may lead one more; it counts as led until `released`."""
        service = core_service(companion)
        async with self._presence.changed:
            await self._presence.changed.wait_for(
                lambda: (
                    not self._asked.is_set() and len(self._led) < self.most() and not any(self._presence.of(service))
                )
            )
            self._led[companion] = None

    async def surplus(self) -> str:
        """The companion this process took on last, once it has led more than its part for a while: others are idle."""
        while True:
            async with self._presence.changed:
                await self._presence.changed.wait_for(self._is_too_much)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SETTLED):
                        await self._presence.changed.wait_for(lambda: not self._is_too_much())
                        continue
                if self._is_too_much():
                    return next(reversed(self._led))

    async def left(self, companion: str) -> None:
        """Return when it is led no more."""
        async with self._presence.changed:
            await self._presence.changed.wait_for(lambda: companion not in self._led)

    def _is_too_much(self) -> bool:
        return len(self._led) > self.most()

    async def released(self, companion: str) -> None:
        """It is led no more."""
        async with self._presence.changed:
            self._led.pop(companion, None)
            self._presence.changed.notify_all()
