"""Runs some kinds of processes in this one, over the Redis that all of them share."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from relay.application.plain_view import narrate
from relay.application.processes.adapter import run_adapter
from relay.application.processes.kinds import CORE, POST, WEB, checked, switched_off
from relay.application.processes.posting import run_post
from relay.application.processes.refusing import refuse_newer
from relay.application.statistics import Statistics
from relay.application.watching import Watch, watched
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.errors import ConfigError
from relay.platforms import listed
from relay.system.readiness import Look, ReadyState


async def run_only(config: Config, wanted: Sequence[str]) -> None:
    """Until cancelled, or asked to end. Raises ConfigError and AuthError when a person has to act."""
    wanted = checked(wanted, config)
    if problem := switched_off(wanted, config):
        raise ConfigError(problem)
    logging.getLogger().setLevel(config.relay.log_level.upper())
    await refuse_newer(config.inbox, [config.relay.name])
    bus = Bus(config.inbox, config.relay.name)
    async with watched(config.operations) as watch, bus.running(), asyncio.TaskGroup() as tasks:
        rooms = [room for kind in wanted for room in _rooms(kind, config, bus, watch)]
        works = [tasks.create_task(work, name=name) for name, work in rooms]
        with watch.readiness.needing({"redis": reaches(bus)}):
            watch.is_up()
            await watch.finished()
        for work in works:
            work.cancel()


def reaches(bus: Bus) -> Look:
    """The condition that the other processes can be told and heard."""

    async def look() -> ReadyState:
        await bus.connection.ask(bus.connection.client.ping)
        return ReadyState(True, "answers")

    return look


def _rooms(kind: str, config: Config, bus: Bus, watch: Watch) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """What has to run for this kind, by name."""
    if kind == CORE:
        from relay.application.processes.core import run_core

        yield kind, run_core(config, Statistics(narrate), bus, watch)
    elif kind == POST:
        yield from ((f"post to {info.name}", run_post(info, config, bus, watch)) for info in listed.enabled(config))
    elif kind == WEB:
        from relay.application.processes.web import run_web

        yield kind, run_web(config, bus)
    else:
        yield from ((kind, run_adapter(info, config, bus, watch)) for info in listed.PLATFORMS if info.name == kind)
