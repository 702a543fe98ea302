"""The viewers' commands as an adapter has them: the core that leads a companion offers them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from relay.application.processes.kinds import core_service
from relay.bus.bus import Bus
from relay.commands.offered import OfferedCommands
from relay.commands.parsing import written
from relay.config import ParameterSection
from relay.errors import RelayError
from relay.model import CommandInfo
from relay.system.cancellation import checkpoint

LOOK_EVERY: Final = 5.0
"""Seconds after which a companion is found that nothing else has changed with."""


class RemoteCommands(OfferedCommands):
    """See ViewerCommands: those of one companion, as its core has told them."""

    def __init__(self, prefix: str) -> None:
        super().__init__(prefix)
        self._offered: Sequence[CommandInfo] | None = None

    def offered(self) -> Sequence[CommandInfo] | None:
        return self._offered

    def written(self, name: str, arguments: Mapping[str, str]) -> str:
        info = next((each for each in self._offered or () if each.name == name), None)
        parameters = [
            ParameterSection.model_validate(each.model_dump(exclude_none=True))
            for each in (info.parameters if info else ())
        ]
        return f"{self.prefix}{name} {written(parameters, arguments)}".strip()

    def offer(self, commands: Sequence[CommandInfo]) -> None:
        """These are offered from now on."""
        if commands != self._offered:
            self._offered = commands
            self._announce()


class OffersOfCores:
    """`run` follows what the cores offer, until cancelled."""

    def __init__(self, bus: Bus, companions: Callable[[], Mapping[str, RemoteCommands]]) -> None:
        """`companions` are those who are heard at the moment, by their names."""
        self._bus = bus
        self._companions = companions
        self._known: dict[str, tuple[RemoteCommands, str, Any]] = {}
        """By companion: what it was told, by which core, at what count of its own."""

    async def run(self) -> None:
        presence = self._bus.presence
        while True:
            checkpoint()
            seen = presence.living
            await asyncio.gather(*(self._learn(name, commands) for name, commands in self._companions().items()))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY), presence.changed:
                    while presence.living is seen:
                        await presence.changed.wait()

    async def _learn(self, companion: str, commands: RemoteCommands) -> None:
        service = core_service(companion)
        if (core := next(self._bus.presence.of(service), None)) is None:
            return
        known = (commands, core.id, core.services[service])
        if known == self._known.get(companion):
            return
        with suppress(RelayError):
            found = await self._bus.calls.ask(service, "offered")
            commands.offer([CommandInfo.model_validate(each) for each in found])
            self._known[companion] = known
