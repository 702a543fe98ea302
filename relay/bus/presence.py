"""Which processes there are at this moment, and what each of them says of itself."""

import asyncio
import json
import logging
import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from relay.bus.connection import RedisConnection
from relay.bus.namespace import key_in
from relay.bus.pubsub import PubSub
from relay.bus.script import Script
from relay.errors import InboxError
from relay.system.cancellation import checkpoint
from relay.system.clock import passing

log = logging.getLogger(__name__)

ALIVE_FOR: Final = 3.0
"""Seconds for which others believe in a process that says nothing any more."""
TELL_EVERY: Final = 1.0
"""Seconds between two signs of life, and between two looks at those of others."""
LEAVE_WITHIN: Final = 1.0
"""Seconds that saying goodbye may take; without it the process is missed a little later."""

_TELL: Final = Script(
    """
-- KEYS: the processes   ARGV: id, what it says, for how many seconds   The server's clock is everybody's.
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3] * 1000
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', until_ms) .. ' ' .. ARGV[2])
"""
)
_READ: Final = Script(
    """
-- KEYS: the processes   Returns ids, and what each says. Those that say nothing any more are forgotten.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local living, all = {}, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local until_ms, said = string.match(all[i + 1], '^(%d+) (.*)$')
  if until_ms and tonumber(until_ms) > now then
    living[#living + 1] = all[i]
    living[#living + 1] = said
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return living
"""
)


@dataclass(frozen=True)
class ProcessSign:
    """What one process says of itself."""

    id: str
    services: Mapping[str, Any]
    """What it can be asked for, each with what others should know of it."""


Suits = Callable[[ProcessSign], bool]
"""Whether a process is the right one of those that can be asked for the same."""


def any_of_them(_: ProcessSign) -> bool:
    """All of them are."""
    return True


class Presence:
    """Those of one namespace. `run` follows the others, and keeps telling of this process, until cancelled."""

    def __init__(self, connection: RedisConnection, pubsub: PubSub, namespace: str) -> None:
        self.id = uuid.uuid4().hex[:12]
        """Of this process."""
        self.changed = asyncio.Condition()
        """Notified after each change of `living`."""
        self.living: Mapping[str, ProcessSign] = {}
        """By their ids."""
        self._connection = connection
        self._pubsub = pubsub
        self._key = key_in(namespace, "processes")
        self._services: dict[str, Any] = {}
        self._told = ""
        self._came = asyncio.Event()
        self._awaited: dict[str, asyncio.Event] = {}
        """By service: set at its next change, and then forgotten."""
        self._looked_at = math.inf
        """When the others were seen last; at first nobody is known who could be missed."""
        self._looks_since = -math.inf
        """When it could look again after a time in which it could not."""

    def offer(self, service: str, state: Any = None) -> None:
        """This process can be asked for it from now on; `state`, fit for JSON, is what others should know of it."""
        if service not in self._services or self._services[service] != state:
            self._services[service] = state
            self._came.set()

    def withdraw(self, service: str) -> None:
        """No more."""
        self._services.pop(service, None)
        self._came.set()

    def of(self, service: str) -> Iterator[ProcessSign]:
        """Those that can be asked for it."""
        return (sign for _, sign in sorted(self.living.items()) if service in sign.services)

    async def find(self, service: str, suits: Suits = any_of_them) -> ProcessSign:
        """One of those that suit, or another where none does; waits until there is one."""
        while not (found := list(self.of(service))):
            await self.change_of(service)
        return next(filter(suits, found), found[0])

    async def change_of(self, service: str) -> None:
        """Return when others can be asked for it than now, or tell something else of it.

        Who follows one service waits like this: with hundreds of companions a process has as many who do.
        """
        await self._awaited.setdefault(service, asyncio.Event()).wait()

    async def run(self) -> None:
        with self._pubsub.heard_by(self._key, lambda _: self._came.set()):
            try:
                while True:
                    checkpoint()
                    self._came.clear()
                    await self._look()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(TELL_EVERY):
                            await self._came.wait()
            finally:
                await self._leave()

    async def _look(self) -> None:
        try:
            await self._tell()
            found = await self._connection.run(_READ, (self._key,))
        except InboxError as error:
            log.debug("the other processes are out of sight: %s", error)
            return
        pairs = zip(found[::2], found[1::2], strict=True)
        living = {id.decode(): ProcessSign(id.decode(), json.loads(said)) for id, said in pairs}
        if not self._knows_who_is_gone(passing()):
            living = {**self.living, **living}
        if living != self.living:
            async with self.changed:
                before, self.living = self.living, living
                self.changed.notify_all()
                for service in [each for each in self._awaited if _told(each, before) != _told(each, living)]:
                    self._awaited.pop(service).set()

    def _knows_who_is_gone(self, now: float) -> bool:
        """Whether those who say nothing are gone. While Redis was away they had nobody to tell: they get the time."""
        if now - self._looked_at > ALIVE_FOR - TELL_EVERY:
            self._looks_since = now
        self._looked_at = now
        return now - self._looks_since >= ALIVE_FOR

    async def _tell(self) -> None:
        if not self._services and not self._told:
            return
        said = json.dumps(self._services)
        await self._connection.run(_TELL, (self._key,), self.id, said, ALIVE_FOR)
        if said != self._told:
            self._told = said
            await self._pubsub.tell(self._key, b"")

    async def _leave(self) -> None:
        with suppress(InboxError, TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN):
                await self._connection.ask(self._connection.client.hdel, self._key, self.id)
                await self._pubsub.tell(self._key, b"")


def _told(service: str, living: Mapping[str, ProcessSign]) -> Mapping[str, Any]:
    """Of the service, by each that can be asked for it."""
    return {sign.id: sign.services[service] for sign in living.values() if service in sign.services}
