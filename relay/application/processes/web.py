"""The process that streamers, OBS and programs talk to."""

import asyncio
from collections.abc import Mapping
from typing import Any

from relay.application.processes.kinds import web_service
from relay.bus.bus import Bus
from relay.bus.presence import Presence
from relay.config.loading import Config
from relay.web.proxy.server import WebProxy
from relay.web.proxy.trust import CoreAddress


async def run_web(config: Config, bus: Bus) -> None:
    """Until cancelled. Raises ConfigError when the address cannot be had."""
    name, cores = config.relay.name, SeenCores(bus.presence)
    async with WebProxy(config.web, cores, alone=lambda: name, is_known=lambda companion: companion == name):
        await asyncio.Event().wait()


class SeenCores:
    """Those that tell of themselves over Redis; see Cores."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence

    @property
    def changed(self) -> asyncio.Condition:
        return self._presence.changed

    def where(self, companion: str) -> CoreAddress | None:
        service = web_service(companion)
        told: list[Mapping[str, Any]] = [sign.services[service] for sign in self._presence.of(service)]
        if not told:
            return None
        newest = max(told, key=lambda each: int(each["turn"]))  # one that was stopped, and woke up, has not heard yet
        return CoreAddress(newest["url"], newest["secret"])
