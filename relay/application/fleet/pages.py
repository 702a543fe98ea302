"""The pages of all companions, each under its own path."""

import asyncio

from relay.application.fleet.changes import FleetChanges
from relay.application.processes.web import SeenCores
from relay.application.settings import Fleet
from relay.bus.bus import Bus
from relay.web.proxy.server import WebProxy


class FleetPages:
    """Serves `/c/NAME/` until cancelled, and as long as there is only one companion, its pages without that as well."""

    def __init__(self, fleet: Fleet, bus: Bus) -> None:
        self._fleet = fleet
        self._bus = bus

    async def run(self) -> None:
        """Raises ConfigError when the address cannot be had."""
        web, cores = self._fleet.process.web, SeenCores(self._bus.presence)
        async with WebProxy(web, cores, alone=self._alone, is_known=self._is_known):
            await asyncio.Event().wait()

    async def follow(self, fleet: Fleet, changes: FleetChanges) -> None:
        """Serve these from now on."""
        self._fleet = fleet

    def _alone(self) -> str | None:
        names = tuple(self._fleet.companions)
        return names[0] if len(names) == 1 else None

    def _is_known(self, companion: str) -> bool:
        return companion in self._fleet.companions
