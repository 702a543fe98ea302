"""The leases that a process has, renewed together: a hundred of them take one script."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, Final

from relay.bus.script import Script, taken
from relay.errors import InboxError
from relay.system.cancellation import checkpoint
from relay.system.clock import passing
from relay.system.periodic import until_multiple_of

log = logging.getLogger(__name__)

RENEWALS: Final = 3
"""How often a lease is renewed within its time."""
AT_ONCE: Final = 100
"""Leases of one script: it takes less than a millisecond."""

# A key is deleted before it is set: what frees memory may begin where there is no more, and a script that began ends.
_RENEW: Final = Script(
    """
-- KEYS: of each lease its own and its owner's   ARGV: milliseconds, and of each lease who calls
-- Returns 1 for each, or 0 when another has it. What was emptied is whose who comes first.
local kept, milliseconds = {}, table.remove(ARGV, 1)
for i = 1, #KEYS, 2 do
  local lease, owner, caller = KEYS[i], KEYS[i + 1], ARGV[(i + 1) / 2]
  local current = redis.call('GET', owner)
  if current and current ~= caller then
    kept[#kept + 1] = 0
  else
    if not current then redis.call('SET', owner, caller) end
    redis.call('DEL', lease)
    redis.call('SET', lease, caller, 'PX', milliseconds)
    kept[#kept + 1] = 1
  end
end
return kept
"""
)


@dataclass(eq=False, slots=True)
class KeptLease:
    """One that this process has, or had."""

    keys: tuple[bytes, bytes]
    """Its own, and where scripts find who the owner is: as they are sent, each second anew."""
    token: bytes
    seconds: float
    on_loss: Callable[[], object]
    """Hears that another has it."""
    until: float = field(default=-math.inf)
    """The time of `passing` for which it is ours for sure."""
    renewal: asyncio.Task[None] | None = None
    """The last that began, of this one and of those of the same script."""

    @property
    def is_under_way(self) -> bool:
        """Whether a renewal has not been answered yet."""
        return self.renewal is not None and not self.renewal.done()


class Renewals:
    """Those over one way to Redis, called `name`. For as long as there are any, tasks of its own renew them."""

    def __init__(self, run: Callable[..., Awaitable[Any]], name: str, *, together: bool) -> None:
        """`run` takes a script, its keys and its arguments; `together`: whether it may touch several leases."""
        self._run = run
        self._name = name
        self._at_once = AT_ONCE if together else 1
        self._kept: dict[float, set[KeptLease]] = {}
        """By their seconds, as are the tasks."""
        self._tasks: dict[float, asyncio.Task[None]] = {}

    async def renew(self, leases: Sequence[KeptLease]) -> list[KeptLease]:
        """Those of them that others have now. All are for as many seconds. Raises InboxError."""
        began, seconds = passing(), leases[0].seconds
        keys = tuple(key for each in leases for key in each.keys)
        given = (each.token for each in leases)
        lost = []
        for each, is_ours in zip(leases, await self._run(_RENEW, keys, int(seconds * 1000), *given), strict=True):
            if is_ours:
                each.until = began + seconds
            else:
                lost.append(each)
        return lost

    def keep(self, lease: KeptLease) -> None:
        """Renew it until it is dropped, or lost."""
        kept = self._kept.setdefault(lease.seconds, set())
        kept.add(lease)
        task = self._tasks.get(lease.seconds)
        if task is None or task.done():
            keeping = self._keep(kept, lease.seconds)
            self._tasks[lease.seconds] = asyncio.create_task(keeping, name="leases", context=Context())

    async def drop(self, lease: KeptLease) -> None:
        """Once this returns, it is not renewed any more."""
        kept = self._kept.get(lease.seconds, set())
        kept.discard(lease)
        if not kept and (task := self._tasks.pop(lease.seconds, None)) is not None:
            del self._kept[lease.seconds]
            task.cancel()
            await asyncio.wait({task})
        elif lease.renewal is not None:
            await asyncio.wait({lease.renewal})

    async def _keep(self, kept: set[KeptLease], seconds: float) -> None:
        """One whose server hangs keeps itself waiting, and nobody else."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                checkpoint()
                await asyncio.sleep(until_multiple_of(seconds / RENEWALS))
                leases = [each for each in kept if not each.is_under_way]
                for start in range(0, len(leases), self._at_once):
                    some = leases[start : start + self._at_once]
                    renewal = tasks.create_task(self._renew_in_time(kept, some, seconds))
                    for each in some:
                        each.renewal = renewal

    async def _renew_in_time(self, kept: set[KeptLease], leases: Sequence[KeptLease], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                lost = await self.renew(leases)
        except (InboxError, TimeoutError) as error:
            log.debug("leases were not renewed: %s", error)
            return
        except Exception:  # the next one may go well, and those of the others have to
            log.exception("leases of %s were not renewed", self._name)
            return
        for each in lost:  # the next script that is fenced hears of it, too
            kept.discard(each)
            log.error("%s", taken(self._name))
            try:
                each.on_loss()
            except Exception:
                log.exception("a lease of %s is lost, and what hears of it failed", self._name)
