"""One account of a platform for many companions: hears the channels of all, and gives each what is its own."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from relay.application.fleet.accounts import SharedAccount, has_account
from relay.application.fleet.changes import FleetChanges
from relay.application.fleet.routes import Dispatch, Routes
from relay.application.processes.adapter import built, host
from relay.application.processes.elsewhere import RemoteCommands, RemoteControls
from relay.application.processes.ingress import Ingress
from relay.application.processes.kinds import platform_service
from relay.application.settings import Fleet
from relay.application.tracing import hearing, wanted_spans
from relay.application.watching import Watch
from relay.bus.bus import Bus
from relay.config.loading import Config
from relay.model import Caller, ControlInfo, Held, Incoming, PlatformDecision, Retraction, Suggestion
from relay.platforms.base import Offering, Receive, Tunable

if TYPE_CHECKING:
    from relay.system.spans import MessageSpans


class SharedAdapter:
    """A platform in this process. `follow` gives it other companions while it runs."""

    def __init__(self, account: SharedAccount, fleet: Fleet, bus: Bus, watch: Watch) -> None:
        self._info = account.info
        self._section = account.section
        self._bus = bus
        self._watch = watch
        self._process = fleet.process
        self._spans: MessageSpans | None = None
        self._ingress: dict[str, Ingress] = {}
        self._know(fleet)
        config = fleet.process.model_copy(update={self._info.name: account.section})
        self._service = platform_service(self._info, config)
        self._commands = RemoteCommands(bus, lambda: self._ingress, fleet.process.commands.prefix)
        self.platform = built(self._info, config, self.receive, SharedControls(self.owner, bus), bus)
        if isinstance(self.platform, Offering):
            self.platform.offer(self._commands)

    async def run(self) -> None:
        """Until cancelled. Raises AuthError or ConfigError when it never listened and a person has to act."""
        async with wanted_spans(self._process) as self._spans, asyncio.TaskGroup() as tasks:
            following = tasks.create_task(self._commands.run(), name="viewers' commands")
            try:
                await host(self.platform, self._service, self._bus, self._watch)
            finally:
                following.cancel()

    async def follow(self, fleet: Fleet, _: FleetChanges) -> None:
        """Hear the channels of these companions from now on. Raises ConfigError and PlatformError."""
        self._know(fleet)
        if isinstance(self.platform, Tunable):
            await self.platform.set_channels(self._places(fleet))

    def _know(self, fleet: Fleet) -> None:
        names = [name for name, config in fleet.companions.items() if self._is_ours(config)]
        self._ingress = {
            name: self._ingress.get(name) or Ingress(self._bus.companion_stream(name, "ingress")) for name in names
        }
        self._dispatch = Dispatch(Routes.of(fleet.companions))

    def _places(self, fleet: Fleet) -> list[str]:
        sections = (self._info.settings(fleet.companions[name]) for name in self._ingress)
        return [place for section in sections for place in section.listened_to()]

    def _is_ours(self, config: Config) -> bool:
        return has_account(self._section, self._info.settings(config))

    async def receive(self, *incoming: Incoming) -> None:
        """See Receive: to whom it belongs, in the order it came."""
        shares: dict[str, list[Incoming]] = {}
        for each in incoming:
            for name in self._owners(_places_of(each)):
                shares.setdefault(name, []).append(each)
        handed = (self._way_to(name)(*share) for name, share in shares.items())
        # All are waited for: what is still on its way when it is handed over again would arrive after what is newer.
        for problem in await asyncio.gather(*handed, return_exceptions=True):
            if problem is not None:
                raise problem

    def _way_to(self, companion: str) -> Receive:
        receive = self._ingress[companion].receive
        return receive if self._spans is None else hearing(receive, self._spans.of(companion))

    def owner(self, places: Sequence[str]) -> str | None:
        """The companion that is there; None where none is."""
        named = [name for place in places for name in (place, self._named(place))]
        owner = self._dispatch.companion_of(self._info.name, *named)
        return owner if owner in self._ingress else None

    def _owners(self, places: Sequence[str]) -> Collection[str]:
        """Whose it is; what names no place may be anybody's."""
        if not places:
            return self._ingress.keys()
        owner = self.owner(places)
        return () if owner is None else (owner,)

    def _named(self, place: str) -> str:
        """A place as settings name it."""
        return self.platform.channel_name(place) if isinstance(self.platform, Tunable) else place


def _places_of(incoming: Incoming) -> Sequence[str]:
    """Where it happened, as the platform tells it, the closest first; empty where it does not tell."""
    if isinstance(incoming, PlatformDecision):
        return ()
    if isinstance(incoming, Retraction) and incoming.channel is not None:
        return (incoming.channel, *incoming.places)
    return incoming.places


class SharedControls:
    """See PlatformControls: those of the companion that is where somebody asks."""

    def __init__(self, owner: Callable[[Sequence[str]], str | None], bus: Bus) -> None:
        self._owner = owner
        self._bus = bus
        self._anybodys = RemoteControls(bus, "")

    def commands(self) -> Sequence[ControlInfo]:
        return self._anybodys.commands()

    async def complete(self, name: str, typed: str, by: Caller) -> Sequence[Suggestion]:
        return await self._of(by).complete(name, typed, by) if self._has(by) else ()

    async def held(self, by: Caller) -> Sequence[Held]:
        return await self._of(by).held(by) if self._has(by) else ()

    async def run(self, words: str, by: Caller) -> str:
        return await self._of(by).run(words, by) if self._has(by) else "No companion is in this channel."

    def _has(self, by: Caller) -> bool:
        return self._owner(by.places) is not None

    def _of(self, by: Caller) -> RemoteControls:
        return RemoteControls(self._bus, self._owner(by.places) or "")
