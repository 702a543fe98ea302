"""The core as an adapter has it: the moderators' controls and the viewers' commands, asked of another process."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, cast

from relay.application.processes.kinds import core_service
from relay.bus.bus import Bus
from relay.commands.explaining import ended
from relay.commands.parsing import written
from relay.config import ParameterSection
from relay.errors import RelayError
from relay.model import Caller, CommandInfo, ControlInfo, Held, Settlement, Suggestion
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.moderation.runtime import Runtime
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

COMPLETE_WITHIN: Final = 2.0
"""Seconds; a platform waits no longer for what it may suggest."""


class _Nothing:
    """Stands where controls that are only listed have what they would do."""

    def __getattr__(self, _: str) -> None:
        return None


class RemoteControls:
    """See PlatformControls."""

    def __init__(self, bus: Bus, companion: str) -> None:
        self._bus = bus
        self._service = core_service(companion)
        self._commands = Controls(cast(Runtime, _Nothing()), cast(Audit, None)).commands()

    def commands(self) -> Sequence[ControlInfo]:
        return self._commands

    async def complete(self, name: str, typed: str, by: Caller) -> Sequence[Suggestion]:
        found = await self._asked("complete", {"name": name, "typed": typed}, by)
        return [Suggestion.model_validate(each) for each in found]

    async def held(self, by: Caller) -> Sequence[Held]:
        return [Held.model_validate(each) for each in await self._asked("held", {}, by)]

    async def run(self, words: str, by: Caller) -> str:
        try:
            answer = await self._bus.calls.ask(
                self._service, "control", {"words": words, "by": by.model_dump(mode="json")}
            )
        except RelayError as error:
            return f"That did not work: {error}"
        return str(answer)

    async def _asked(self, method: str, about: Mapping[str, str], by: Caller) -> Sequence[Any]:
        asked = {**about, "by": by.model_dump(mode="json")}
        try:
            found: Sequence[Any] = await self._bus.calls.ask(self._service, method, asked, within=COMPLETE_WITHIN)
        except RelayError as error:
            log.debug("nothing to suggest: %s", error)
            return []
        return found


class RemoteCommands:
    """See ViewerCommands. `run` follows what the cores offer."""

    def __init__(self, bus: Bus, companions: Callable[[], Iterable[str]], prefix: str) -> None:
        """`companions` are those who are heard at the moment: what any of them offers is offered."""
        self._bus = bus
        self._companions = companions
        self._prefix = prefix
        self._of: dict[str, tuple[str, Any]] = {}
        """By companion: the core that offers its commands, and its own count."""
        self._by_companion: dict[str, Sequence[CommandInfo]] = {}
        self._offered: Sequence[CommandInfo] = ()
        self._changed = asyncio.Event()
        self.revision = 0

    async def changed(self, revision: int) -> None:
        while self.revision == revision:
            await self._changed.wait()

    def offered(self) -> Sequence[CommandInfo]:
        return self._offered

    def written(self, name: str, arguments: Mapping[str, str]) -> str:
        info = next((each for each in self._offered if each.name == name), None)
        parameters = [
            ParameterSection.model_validate(each.model_dump(exclude_none=True))
            for each in (info.parameters if info else ())
        ]
        return f"{self._prefix}{name} {written(parameters, arguments)}".strip()

    def explained(self, settlement: Settlement) -> str:
        return ended(settlement, "the companion", self._prefix)

    async def run(self) -> None:
        """Until cancelled."""
        presence = self._bus.presence
        while True:
            checkpoint()
            seen = presence.living
            companions = list(self._companions())
            await asyncio.gather(*map(self._learn, companions))
            self._offer(companions)
            async with presence.changed:
                while presence.living is seen:
                    await presence.changed.wait()

    async def _learn(self, companion: str) -> None:
        service = core_service(companion)
        if (core := next(self._bus.presence.of(service), None)) is None:
            return
        of = (core.id, core.services[service])
        if of == self._of.get(companion):
            return
        with suppress(RelayError):
            found = await self._bus.calls.ask(service, "offered")
            self._by_companion[companion] = [CommandInfo.model_validate(each) for each in found]
            self._of[companion] = of

    def _offer(self, companions: Iterable[str]) -> None:
        """Each name once: where two companions have one of the same name, it looks like the first one's."""
        found: dict[str, CommandInfo] = {}
        for companion in companions:
            for info in self._by_companion.get(companion, ()):
                found.setdefault(info.name, info)
        if (offered := list(found.values())) != self._offered:
            self._offered = offered
            self.revision += 1
            self._changed.set()
            self._changed = asyncio.Event()
