"""Runs some kinds of processes in this one, over the Redis that all of them share."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any

from relay.application.plain_view import narrate
from relay.application.processes.adapter import run_adapter
from relay.application.processes.kinds import CORE, WEB, checked
from relay.application.statistics import Statistics
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.platforms import listed

log = logging.getLogger(__name__)


async def run_only(config: Config, wanted: Sequence[str]) -> None:
    """Until cancelled. Raises ConfigError and AuthError when a person has to act."""
    wanted = checked(wanted, config)
    logging.getLogger().setLevel(config.relay.log_level.upper())
    bus = Bus(config.inbox, config.relay.name)
    async with bus.running(), asyncio.TaskGroup() as tasks:
        for kind in wanted:
            tasks.create_task(_work(kind, config, bus), name=kind)


def _work(kind: str, config: Config, bus: Bus) -> Coroutine[Any, Any, None]:
    if kind == CORE:
        from relay.application.processes.core import run_core

        return run_core(config, Statistics(narrate), bus)
    if kind == WEB:
        from relay.application.processes.web import run_web

        return run_web(config, bus)
    [info] = [info for info in listed.PLATFORMS if info.name == kind]
    return run_adapter(info, config, bus)
