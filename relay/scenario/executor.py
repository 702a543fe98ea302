"""Does what scenarios ask of the stream: app triggers and actions become acts, those that are allowed.

Voxta waits for a trigger that has an id; it is told when that is done, failed or will not be done.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from relay.acts import Act
from relay.errors import RelayError, VoxtaError
from relay.model import Forward
from relay.voxta.link import Link
from relay.wire import server
from relay.wire.messages import WireMessage

log = logging.getLogger(__name__)

WAITING: Final = 32
"""Acts that may wait; more are refused, as no scenario means so many at once."""
TIMEOUT: Final = 20.0
"""Seconds an act may take."""
REMEMBERED: Final = 200
"""Names of unknown triggers that are remembered, so that each is told once."""

Given = Sequence[Any] | Mapping[str, Any]
Asked = tuple[Act, Given, str | None]
"""What to do, with what, and the id of the trigger when Voxta waits for it."""


class ActExecutor:
    """Listens to Voxta and acts, one act after the other. `run` does them; everything else returns at once."""

    def __init__(self, acts: Iterable[Act], allowed: Collection[str], voxta: Link) -> None:
        self.acts = {act.name: act for act in acts}
        self._allowed = frozenset(allowed)
        self._voxta = voxta
        self._queue: asyncio.Queue[Asked] = asyncio.Queue(WAITING)
        self._over: asyncio.Queue[str] = asyncio.Queue()
        """The triggers that Voxta need not wait for any longer."""
        self._told: set[str] = set()
        self._is_pretended = False
        """What the character was told last never happened."""

    def told(self, forward: Forward) -> None:
        """The character hears of this, or is about to. What it does about something pretended stays undone."""
        self._is_pretended = forward.pretended

    def on_message(self, message: WireMessage) -> None:
        """Take one message from Voxta."""
        match message:
            case server.AppTrigger():
                if not self._ask(message.name, message.arguments, message.trigger_id, is_trigger=True):
                    self._complete(message.trigger_id)
            case server.ActionMessage():
                named = {argument.name: argument.value for argument in message.arguments or []}
                self._ask(message.value, named, None, is_trigger=False)

    def _ask(self, name: str, given: Given, trigger_id: str | None, *, is_trigger: bool) -> bool:
        """Whether it will be done."""
        act = self.acts.get(name)
        if act is None:
            if is_trigger:  # actions without an act are meant for avatars and games
                self._say_once(name, f"the scenario triggers {name!r:.60}: that is left to other apps")
        elif name not in self._allowed:
            self._say_once(name, f'the scenario asks for {name!r}: add it to scenario.allow = ["{name}"] to allow it')
        elif self._is_pretended:
            log.info("the scenario asks for %s because of something pretended: left undone", name)
        else:
            try:
                self._queue.put_nowait((act, given, trigger_id))
                return True
            except asyncio.QueueFull:
                log.warning("the scenario asks for too much at once: %s is left out", name)
        return False

    def _say_once(self, name: str, line: str) -> None:
        if name not in self._told and len(self._told) < REMEMBERED:
            self._told.add(name)
            log.info("%s", line)

    def _complete(self, trigger_id: str | None) -> None:
        if trigger_id is not None:
            self._over.put_nowait(trigger_id)

    async def run(self) -> None:
        """Do what was asked for, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._act())
            tasks.create_task(self._tell())

    async def _act(self) -> None:
        while True:
            act, given, trigger_id = await self._queue.get()
            try:
                async with asyncio.timeout(TIMEOUT):
                    log.info("scenario: %s", await act(given))
            except TimeoutError:
                log.warning("scenario: %s was not done within %g s", act.name, TIMEOUT)
            except RelayError as error:
                log.warning("scenario: %s was not done: %s", act.name, error)
            except Exception:  # a stream must not end because of one act
                log.exception("scenario: %s failed", act.name)
            self._complete(trigger_id)

    async def _tell(self) -> None:
        while True:
            trigger_id = await self._over.get()
            try:
                await self._voxta.complete_trigger(trigger_id)
            except VoxtaError as error:
                log.info("Voxta was not told that an app trigger is done: %s", error)
