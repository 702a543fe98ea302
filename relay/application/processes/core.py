"""The process that chooses what is told, asks Voxta, and answers: one of each relay, and others that stand by."""

import asyncio
import logging
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from relay.application.audio import LiveAudio
from relay.application.composition import MakePlatforms, Relay, running
from relay.application.connect import voxta
from relay.application.processes.adapter import built
from relay.application.processes.core_pages import serving_through
from relay.application.processes.core_service import handlers
from relay.application.processes.ingress import Ingress
from relay.application.processes.kinds import core_service
from relay.application.processes.remote_platform import RemotePlatform, remote
from relay.application.statistics import Statistics
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.errors import InboxTaken
from relay.platforms import listed
from relay.web.control import ControlServer

log = logging.getLogger(__name__)

STAND_BY: Final = (0.2, 0.6)
"""Seconds, at random between, after which a core that came second looks again whether nobody leads."""


async def run_core(config: Config, statistics: Statistics, bus: Bus) -> None:
    """Until cancelled: stand by while another core leads, and lead when none does."""
    service = core_service(config.relay.name)
    while True:
        await _nobody_leads(bus, service)
        try:
            await lead(config, statistics, bus)
        except* InboxTaken as taken:
            log.info("standing by: %s", taken.exceptions[0])
        await asyncio.sleep(random.uniform(*STAND_BY))


async def _nobody_leads(bus: Bus, service: str) -> None:
    async with bus.presence.changed:
        await bus.presence.changed.wait_for(lambda: not any(bus.presence.of(service)))


async def lead(config: Config, statistics: Statistics, bus: Bus) -> None:
    """Until cancelled. Raises InboxTaken when another core leads, or has taken over."""
    from relay.application.metrics import Metrics

    platforms = [remote(built(info, config, bus), bus) for info in listed.enabled(config)]
    audio = LiveAudio(config)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(voxta(config))
        relay = Relay(config, _made(platforms), voxta_url=url, statistics=statistics, audio=audio)
        task = await stack.enter_async_context(running(relay))
        if config.web.enabled:
            await stack.enter_async_context(serving_through(bus, config, relay, audio))
        metrics = Metrics(relay, statistics).text
        await stack.enter_async_context(ControlServer(relay.controls, metrics, config.control_file))
        stack.enter_context(bus.calls.serving(core_service(config.relay.name), handlers(relay)))
        async with asyncio.TaskGroup() as tasks:
            for work in (_take_in(relay, platforms, bus), _offer(relay, bus, core_service(config.relay.name))):
                tasks.create_task(work)
            await task


def _made(platforms: Sequence[RemotePlatform]) -> MakePlatforms:
    return lambda *_: platforms


async def _take_in(relay: Relay, platforms: Sequence[RemotePlatform], bus: Bus) -> None:
    """What adapters bring, from when on the relay knows again what it knew."""
    for platform in platforms:
        await platform.is_run.wait()
    await Ingress(bus.stream("ingress")).run(relay.receive)


async def _offer(relay: Relay, bus: Bus, service: str) -> None:
    """Say that this is the core, and when it offers other commands."""
    table = relay.commands.gate.table
    try:
        while True:
            revision = table.revision
            bus.presence.offer(service, revision)
            await table.changed(revision)
    finally:
        bus.presence.withdraw(service)
