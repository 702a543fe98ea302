"""Who has something of which there must be one: one process at a time, for as long as it keeps saying so.

Two relays of one name would answer each other's people. The lease keeps the second one out, and lets it in soon after
the first one died. Against an owner that slept through the end of its lease the scripts check who calls (`FENCE`), and
what no script can check asks `is_sure` just before it is done.
"""

import asyncio
import logging
import math
import os
import socket
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, NamedTuple

from relay.bus.connection import RedisConnection
from relay.bus.namespace import key_in
from relay.bus.renewals import RENEWALS, KeptLease
from relay.bus.script import TAKEN, Script, taken
from relay.errors import InboxError, InboxTaken
from relay.system.cancellation import checkpoint
from relay.system.clock import passing

log = logging.getLogger(__name__)

LEASE: Final = 3.0
"""Seconds after which another process may take over from one that says nothing any more."""
LOOK_EVERY: Final = 0.25
"""Seconds between two looks at a lease of somebody else who may have died."""
STAND_BY_EVERY: Final = 1.0
"""The same for who waits for as long as it takes."""
RELEASE_WITHIN: Final = 1.0
"""Seconds that giving the lease back may take; without it the lease ends by itself."""

FENCE: Final = f"""
-- ARGV: who calls, then the rest. `owner` is the key of the lease's token. What was emptied is whose who comes first.
local caller = table.remove(ARGV, 1)
local current = redis.call('GET', owner)
if not current then redis.call('SET', owner, caller)
elseif current ~= caller then return redis.error_reply('{TAKEN} by another relay') end
"""
"""The beginning of a script that only the owner of the lease may run."""
_NAMES: Final = "local lease, owner = unpack(KEYS)\n"
# A key is deleted before it is set: what frees memory may begin where there is no more, and a script that began ends.
_ACQUIRE: Final = Script(
    _NAMES
    + """
-- ARGV: who, milliseconds, and of who stands by when it looked last, and how many milliseconds ago that may be
-- Returns {0}, or how many milliseconds who else has it still, who, and when that was.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local holder = redis.call('GET', lease)
if not holder and ARGV[3] ~= '' and now - ARGV[3] > tonumber(ARGV[4]) then
  holder = redis.call('GET', owner) -- who could not renew it either, as nobody was answered
  redis.call('DEL', lease)
  if holder then redis.call('SET', lease, holder, 'PX', ARGV[2]) end
end
if holder and holder ~= ARGV[1] then
  local left = redis.call('PTTL', lease)
  if left < 0 then -- as from a backup, or by hand: whoever has it renews it, and who is gone does not
    left = tonumber(ARGV[2])
    redis.call('PEXPIRE', lease, left)
  end
  return {left, holder, now}
end
redis.call('DEL', lease)
redis.call('SET', lease, ARGV[1], 'PX', ARGV[2])
redis.call('SET', owner, ARGV[1])
return {0}
"""
)
_RELEASE: Final = Script(
    _NAMES
    + """
-- ARGV: who
if redis.call('GET', lease) == ARGV[1] then redis.call('DEL', lease) end
"""
)


class Holder(NamedTuple):
    """Who else has it."""

    left: float
    """Seconds for which they have it still."""
    name: str
    at: int
    """When that was, by the server's clock."""


async def checked() -> None:
    """Nothing speaks against it."""


class Lease:
    """On what lies below `namespace`, for so many seconds, renewed by itself. `on_loss` hears when another has it."""

    def __init__(
        self,
        connection: RedisConnection,
        namespace: str,
        seconds: float = LEASE,
        *,
        on_loss: Callable[[], object] = lambda: None,
    ) -> None:
        self._connection = connection
        self._keys = (key_in(namespace, "lease"), key_in(namespace, "owner"))
        self._seconds = seconds
        self._on_loss = on_loss
        self._me = f"{uuid.uuid4().hex[:12]}, process {os.getpid()} on {socket.gethostname()}"
        self._kept: KeptLease | None = None

    @property
    def token(self) -> str | None:
        """Who we are to the scripts that only the owner may run; None while we are not."""
        return self._me if self._kept is not None else None

    @property
    def caller(self) -> str:
        """The first argument of such a script. Raises InboxError while we are not."""
        return self._owned().token.decode()

    @property
    def owner_key(self) -> str:
        """Where scripts find who the owner is; see FENCE."""
        return self._keys[1]

    @property
    def is_sure(self) -> bool:
        """Whether nobody else can have it at this moment, as far as clocks run at the same speed everywhere."""
        return self._kept is not None and passing() < self._kept.until

    async def make_sure(self) -> None:
        """At once while that is sure; else Redis is asked. Raises InboxTaken when another has it, or InboxError."""
        if not self.is_sure and await self._connection.renewals.renew([self._owned()]):
            raise taken(self._connection.name)

    async def acquire(self) -> None:
        """Become the owner, and stay it until `release`.

        Waits for as long as one that died may have it still. Raises InboxTaken when the owner is alive: it renews.
        """
        left = math.inf
        while (holder := await self._try()) is not None:
            before, left = left, holder.left
            if left > before:
                raise InboxTaken(
                    f"inbox.url: {self._connection.name} is in use by another relay of this name ({holder.name}); "
                    "stop that one, or give this one another relay.name"
                )
            await asyncio.sleep(min(left, LOOK_EVERY))

    async def stand_by(self, may_try: Callable[[], Awaitable[None]] = checked) -> None:
        """Become the owner when nobody else is, however long that takes and whether or not Redis answers meanwhile.

        `may_try` is asked before each try, and raises where this process must not become it. When Redis was away, who
        was the owner may have lived and could not renew: it has the time to do so first.
        """
        looked_at = None
        while True:
            checkpoint()
            try:
                await may_try()
                if (holder := await self._try(looked_at)) is None:
                    return
                left, looked_at = holder.left, holder.at
            except InboxError as error:
                log.warning("standing by: %s", error)
                left = STAND_BY_EVERY
            await asyncio.sleep(min(left, STAND_BY_EVERY))

    async def release(self) -> None:
        """Let others have it at once."""
        kept, self._kept = self._kept, None
        if kept is None:
            return
        with suppress(InboxError, TimeoutError):
            async with asyncio.timeout(RELEASE_WITHIN):
                await self._connection.renewals.drop(kept)
                await self._connection.run(_RELEASE, self._keys, self._me)

    @property
    def _may_look_after(self) -> float:
        """Seconds between two looks within which Redis cannot have been away for so long that a lease ended."""
        return max(self._seconds * (1 - 1 / RENEWALS), 2 * STAND_BY_EVERY)

    def _owned(self) -> KeptLease:
        if self._kept is None:
            raise InboxError(f"{self._connection.name}: this process has no lease there")
        return self._kept

    async def _try(self, looked_at: int | None = None) -> Holder | None:
        """None when we have it now. Who `looked_at` it before, too long ago, leaves what ended since to its owner."""
        if self._kept is not None:
            return None
        until = passing() + self._seconds
        milliseconds = int(self._seconds * 1000)
        looked = "" if looked_at is None else looked_at
        left, *held = await self._connection.run(
            _ACQUIRE, self._keys, self._me, milliseconds, looked, int(self._may_look_after * 1000)
        )
        if held:
            return Holder(left / 1000, held[0].decode().partition(", ")[2], held[1])
        lease, owner = self._keys
        keys = (lease.encode(), owner.encode())
        self._kept = KeptLease(keys, self._me.encode(), self._seconds, self._on_loss, until)
        self._connection.renewals.keep(self._kept)
        return None
