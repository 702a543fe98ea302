"""`relay ctl`: has the relay that runs do what a person says, on this machine or, over Redis, wherever it runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from relay.application.fleet.signs import RELOAD, status, told_of
from relay.application.processes.kinds import core_service
from relay.application.settings import Fleet, companions_in, load, load_fleet, whereabouts
from relay.bus.bus import Bus
from relay.config import mistakes
from relay.config.loading import Config
from relay.errors import ConfigError, NoneRuns
from relay.web.control import TERMINAL, TIMEOUT, ctl

FOUND_WITHIN: Final = 3.0
"""Seconds; whoever is there has told of itself by then."""


async def steered(path: Path | None, companion: str | None, words: str) -> Sequence[str]:
    """The answer, by lines. Raises ConfigError and InboxError, some in a group.

    Where the settings have several companions and none is named, it is about all of them.
    """
    if path is not None and companion is None and (names := companions_in(path)):
        if words in ("status", RELOAD):
            return await _of_all(load_fleet(path), words)
        if len(names) > 1:
            raise ConfigError(
                f"name one with --companion: {mistakes.some(names)}; without it there are `status` and `{RELOAD}`"
            )
        companion = names[0]
    try:
        return [await ctl(whereabouts(path, companion).control_file, words)]
    except NoneRuns as none:
        process, name = _process_of(path, companion, none)
        if process.inbox.engine != "redis":
            raise
    async with _reaching(process, core_service(name), f"nobody leads {name}") as bus:
        asked = {"words": words, "by": TERMINAL.model_dump(mode="json")}
        return [str(await bus.calls.ask(core_service(name), "control", asked, within=TIMEOUT))]


def _process_of(path: Path | None, companion: str | None, none: NoneRuns) -> tuple[Config, str]:
    """The settings that processes share, and who is led. Raises `none` where the settings are wrong."""
    try:
        if path is not None and companion is not None:
            return load_fleet(path).process, companion
        config = load(path)
        return config, config.relay.name
    except ConfigError:
        raise none from None


async def _of_all(fleet: Fleet, words: str) -> Sequence[str]:
    if fleet.process.inbox.engine != "redis":
        raise ConfigError(f"inbox.engine: {fleet.process.inbox.engine}; companions share a redis when they run")
    async with _reaching(
        fleet.process, told_of(fleet.process.relay.name), "no process of these companions runs"
    ) as bus:
        if words == RELOAD:
            await bus.pubsub.tell(bus.channel(RELOAD), b"")
            return ["their processes read their settings; `relay ctl status` tells what is wrong with those"]
        return list(status(fleet.companions, bus.presence, fleet.process.relay.name))


@asynccontextmanager
async def _reaching(config: Config, service: str, otherwise: str) -> AsyncIterator[Bus]:
    """The way to the other processes. Raises ConfigError, beginning as said, when none is there for that."""
    bus = Bus(config.inbox, config.relay.name)
    async with bus.running():
        try:
            async with asyncio.timeout(FOUND_WITHIN):
                await bus.presence.find(service)
        except TimeoutError:
            raise NoneRuns(f"{otherwise}, neither here nor elsewhere over this Redis") from None
        yield bus
