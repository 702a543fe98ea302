"""How many companions one core process leads, where several share them."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

from relay.application.processes.kinds import core_service
from relay.bus.presence import Presence

SERVICE: Final = "fleet"
"""What every core process of a fleet can be asked for as, so that each knows how many they are."""


class FairShare:
    """Keeps a process from leading more than its part, as long as others are there to lead the rest."""

    def __init__(self, presence: Presence, companions: Callable[[], int]) -> None:
        """`companions`: how many there are in all."""
        self._presence = presence
        self._companions = companions
        self._led: set[str] = set()
        self.tell({})

    def tell(self, problems: Mapping[str, str]) -> None:
        """What keeps companions from being led here, by name."""
        self._presence.offer(SERVICE, {"problems": dict(problems)})

    def most(self) -> int:
        """How many are this process's part."""
        processes = max(1, sum(1 for _ in self._presence.of(SERVICE)))
        return ceil(self._companions() / processes)

    async def turn(self, companion: str) -> None:
        """Return when nobody leads it and this process may lead one more; it counts as led until `released`."""
        service = core_service(companion)
        async with self._presence.changed:
            await self._presence.changed.wait_for(
                lambda: len(self._led) < self.most() and not any(self._presence.of(service))
            )
            self._led.add(companion)

    async def released(self, companion: str) -> None:
        """It is led no more."""
        async with self._presence.changed:
            self._led.discard(companion)
            self._presence.changed.notify_all()
