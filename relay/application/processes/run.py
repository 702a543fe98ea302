"""Runs some kinds of processes in this one, over the Redis that all of them share."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from relay.application.plain_view import narrate
from relay.application.processes.adapter import run_adapter
from relay.application.processes.kinds import CORE, POST, WEB, checked
from relay.application.processes.posting import run_post
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
            for name, work in _rooms(kind, config, bus):
                tasks.create_task(work, name=name)


def _rooms(kind: str, config: Config, bus: Bus) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """What has to run for this kind, by name."""
    if kind == CORE:
        from relay.application.processes.core import run_core

        yield kind, run_core(config, Statistics(narrate), bus)
    elif kind == POST:
        yield from ((f"post to {info.name}", run_post(info, bus)) for info in listed.enabled(config))
    elif kind == WEB:
        from relay.application.processes.web import run_web

        yield kind, run_web(config, bus)
    else:
        yield from ((kind, run_adapter(info, config, bus)) for info in listed.PLATFORMS if info.name == kind)
