"""The process that chooses what is told, asks Voxta, and answers: one of each relay, and others that stand by."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.connect import voxta, voxta_elsewhere
from relay.application.draining import until_drained
from relay.application.processes.adapter import shape
from relay.application.processes.core_pages import serving_through
from relay.application.processes.core_service import handlers
from relay.application.processes.ingress import Ingress
from relay.application.processes.kinds import core_service, platform_service
from relay.application.processes.leadership import Leadership
from relay.application.processes.measures import StreamLengths
from relay.application.processes.outbound import reports
from relay.application.processes.remote_platform import remote
from relay.application.processes.remote_voice import RemoteVoiceChannels
from relay.application.running import running
from relay.application.statistics import Statistics
from relay.application.tracing import traced
from relay.application.watching import Watch, watching
from relay.bus.bus import Bus
from relay.bus.namespace import namespace_of
from relay.bus.stream import RedisStream
from relay.config.loading import Config
from relay.errors import InboxTaken
from relay.inbox.redis import RedisInbox
from relay.platforms import listed
from relay.platforms.base import Platform
from relay.system import shutdown
from relay.text.aloud.emotes import Emotes
from relay.web.control import ControlServer

log = logging.getLogger(__name__)


async def run_core(config: Config, statistics: Statistics, bus: Bus, watch: Watch) -> None:
    """Until the process is asked to end: stand by while another core leads, and lead when none does."""
    watch.leads(config.relay.name, False)
    while not watch.asked.is_set():
        inbox = inbox_of(config, bus)
        core = CompanionCore(Leadership(config), statistics, bus, inbox)
        core.prepare()
        await inbox.stand_by()
        try:
            await core.lead(watch)
        except* InboxTaken as taken:
            log.warning("standing by: %s", taken.exceptions[0])
            if not watch.asked.is_set():
                shutdown.averted()
        finally:
            await inbox.lease.release()


def inbox_of(config: Config, bus: Bus) -> RedisInbox:
    """The companion's, over the process's own way to Redis; to be opened by who has its lease."""
    return RedisInbox(
        bus.connection,
        namespace=namespace_of(config.relay.name),
        max_count=config.inbox.max_count,
        lease=config.inbox.lease,
        looks=bus.looks,
    )


class CompanionCore:
    """A companion's relay in this process. Who stands by prepares it, so that it leads as soon as it has the lease."""

    def __init__(self, leadership: Leadership, statistics: Statistics, bus: Bus, inbox: RedisInbox) -> None:
        self._leadership = leadership
        self._config = config = leadership.config
        self._statistics = statistics
        self._bus = bus
        self._inbox = inbox
        self._emotes = Emotes()
        self._relay: Relay | None = None
        name, lease = config.relay.name, inbox.lease
        self._platforms = [remote(platform, service, bus, name, lease) for platform, service in _shapes(config, bus)]
        self._audio = LiveAudio(config, lambda info, heard: RemoteVoiceChannels(info.name, bus, name, lease, heard))

    def prepare(self) -> None:
        """Build what can be built before this process leads; an embedded companion, and its address, are not there."""
        if (url := voxta_elsewhere(self._config)) is not None:
            self._relay = self._built(url)

    def _built(self, voxta_url: str) -> Relay:
        return Relay(
            self._config,
            lambda *_: self._platforms,
            voxta_url=voxta_url,
            statistics=self._statistics,
            audio=self._audio,
            inbox=self._inbox,
            emotes=self._emotes,
        )

    async def lead(self, watch: Watch) -> None:
        """Once, with the inbox's lease, until the process is asked to end, or to leave it.

        Raises InboxTaken when another core has taken over.
        """
        config, bus, name = self._config, self._bus, self._config.relay.name
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(voxta(config, emotes=self._emotes))
            relay = self._relay or self._built(url)
            task = await stack.enter_async_context(running(relay, watch.heartbeat))
            if config.web.enabled:
                await stack.enter_async_context(serving_through(bus, config, relay, self._audio))
            await stack.enter_async_context(traced(config, relay.events))
            await stack.enter_async_context(watching(watch, name, relay, self._statistics))
            metrics = watch.exposition.text
            await stack.enter_async_context(ControlServer(relay.controls, metrics, config.control_file))
            stack.enter_context(bus.calls.serving(core_service(name), handlers(relay)))
            brought = bus.companion_stream(name, "ingress", self._inbox.lease)
            stack.enter_context(watch.exposition.telling_of(name, StreamLengths(_lengths(bus, name, brought))))
            await self._leadership.begin(relay)
            async with asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(self._take_in(relay, Ingress(brought)), name="ingress"),
                    tasks.create_task(_offer(relay, bus, core_service(name)), name="presence"),
                ]
                await until_drained(relay, task, watch, self._leadership.is_left)
                for each in beside:
                    each.cancel()

    async def _take_in(self, relay: Relay, ingress: Ingress) -> None:
        """What adapters bring, from when on the relay knows again what it knew."""
        for platform in self._platforms:
            await platform.is_run.wait()
        self._leadership.takes_in()
        await ingress.run(relay.receive)


def load_platforms(companions: Iterable[Config], bus: Bus) -> None:
    """Import what these need, which takes its time: a process has it before it leads the first of them."""
    loaded: set[str] = set()
    for config in companions:
        if not loaded.issuperset(info.name for info in listed.enabled(config)):
            with suppress(Exception):  # the companion that cannot have them tells of it when it starts
                loaded.update(platform.name for platform, _ in _shapes(config, bus))


def _lengths(bus: Bus, name: str, brought: RedisStream) -> Mapping[str, Callable[[], Awaitable[int]]]:
    """Of what adapters have brought, and of what came of posts; the process that posts tells what waits for it."""
    told = {f"posted/{info.name}": reports(bus, name, info.name).length for info in listed.PLATFORMS}
    return {"ingress": brought.length, **told}


def _shapes(config: Config, bus: Bus) -> Iterator[tuple[Platform, str]]:
    """The platforms as adapters have them, built and never run, with what the adapters can be asked for as."""
    for info in listed.enabled(config):
        yield shape(info, config, bus), platform_service(info, config)


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
