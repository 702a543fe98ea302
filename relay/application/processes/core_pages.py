"""The pages and calls of a core, which web processes serve to those who ask."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.application.audio import LiveAudio
from relay.application.composition import Relay
from relay.application.processes.kinds import web_service
from relay.application.serving import serving
from relay.bus.bus import Bus
from relay.bus.namespace import key_in
from relay.config.loading import Config
from relay.web.proxy.trust import Upstream


@asynccontextmanager
async def serving_through(bus: Bus, config: Config, relay: Relay, audio: LiveAudio) -> AsyncIterator[None]:
    """For as long as the context lasts, which begins when this core leads. Raises ConfigError and InboxError."""
    listen = config.processes
    upstream = Upstream(listen.host, listen.port, listen.reached_at)
    async with serving(config, relay, audio, upstream=upstream) as server:
        assert server.core is not None
        turn = await bus.connection.ask(bus.connection.client.incr, key_in(bus.namespace, "web"))
        told = {"url": server.core.url, "secret": server.core.secret, "turn": turn}
        bus.presence.offer(web_service(config.relay.name), told)
        try:
            yield
        finally:
            bus.presence.withdraw(web_service(config.relay.name))
