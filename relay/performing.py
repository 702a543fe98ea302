"""Does what scenarios ask of the stream: app triggers and actions become acts, those that are allowed."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from relay.acts import Act
from relay.errors import RelayError
from relay.model import Forward
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

WAITING: Final = 32
"""Acts that may wait; more are refused, as no scenario means so many at once."""
TIMEOUT: Final = 20.0
"""Seconds an act may take."""
REMEMBERED: Final = 200
"""Names of unknown triggers that are remembered, so that each is told once."""

Asked = tuple[Act, Sequence[Any] | Mapping[str, Any]]


class Performer:
    """Listens to Voxta and acts, one act after the other. `run` does them; everything else returns at once."""

    def __init__(self, acts: Iterable[Act], allowed: Collection[str]) -> None:
        self.acts = {act.name: act for act in acts}
        self._allowed = frozenset(allowed)
        self._queue: asyncio.Queue[Asked] = asyncio.Queue(WAITING)
        self._told: set[str] = set()

    def heard(self, message: WireMessage) -> None:
        """Take one message from Voxta."""
        match message:
            case server.AppTrigger():
                self._ask(message.name, message.arguments, is_trigger=True)
            case server.Action():
                named = {argument.name: argument.value for argument in message.arguments or []}
                self._ask(message.value, named, is_trigger=False)

    def sent(self, message: WireMessage) -> None:
        """Of no interest here."""

    def told(self, forward: Forward) -> None:
        """Of no interest here."""

    def look(self) -> None:
        """Of no interest here."""

    def _ask(self, name: str, given: Sequence[Any] | Mapping[str, Any], *, is_trigger: bool) -> None:
        act = self.acts.get(name)
        if act is None:
            if is_trigger:  # actions without an act are meant for avatars and games
                self._say_once(name, f"the scenario triggers {name!r:.60}: that is left to other apps")
        elif name not in self._allowed:
            self._say_once(name, f'the scenario asks for {name!r}: add it to scenario.allow = ["{name}"] to allow it')
        else:
            try:
                self._queue.put_nowait((act, given))
            except asyncio.QueueFull:
                log.warning("the scenario asks for too much at once: %s is left out", name)

    def _say_once(self, name: str, line: str) -> None:
        if name not in self._told and len(self._told) < REMEMBERED:
            self._told.add(name)
            log.info("%s", line)

    async def run(self) -> None:
        """Do what was asked for, until cancelled."""
        while True:
            act, given = await self._queue.get()
            try:
                async with asyncio.timeout(TIMEOUT):
                    log.info("scenario: %s", await act(given))
            except TimeoutError:
                log.warning("scenario: %s was not done within %g s", act.name, TIMEOUT)
            except RelayError as error:
                log.warning("scenario: %s was not done: %s", act.name, error)
            except Exception:  # a stream must not end because of one act
                log.exception("scenario: %s failed", act.name)
