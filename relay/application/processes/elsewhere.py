"""The core as an adapter has it: the moderators' controls, asked of another process."""

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, cast

from relay.application.processes.kinds import core_service
from relay.bus.bus import Bus
from relay.errors import RelayError
from relay.model import Caller, ControlInfo, Held, Suggestion
from relay.moderation.audit import Audit
from relay.moderation.controls import Controls
from relay.moderation.runtime import Runtime

log = logging.getLogger(__name__)

COMPLETE_WITHIN: Final = 2.0
"""Seconds; a platform waits no longer for what it may suggest."""


class _Nothing:
    """Stands where controls that are only listed have what they would do."""

    def __getattr__(self, _: str) -> None:
        return None


@cache
def _listed() -> Sequence[ControlInfo]:
    """The same for every companion."""
    return Controls(cast(Runtime, _Nothing()), cast(Audit, None)).commands()


class RemoteControls:
    """See PlatformControls."""

    def __init__(self, bus: Bus, companion: str) -> None:
        self._bus = bus
        self._service = core_service(companion)

    def commands(self) -> Sequence[ControlInfo]:
        return _listed()

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
