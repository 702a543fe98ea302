"""Deletes what viewers wrote who want to be forgotten, also what was still on its way when they said so."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from typing import Final, NamedTuple

from relay.inbox.base import Inbox
from relay.system import clock

PASSES: Final = (0.0, 60.0, 900.0)
"""Seconds after the wish. What had no outcome at the first pass, or lay beside what had none, has one at the last."""
MOST: Final = 2_000
"""Viewers whose wish is on its way."""
AT_ONCE: Final = 100
NOTE: Final = "forget"
"""The note that holds the wishes that are not fulfilled."""


class Wish(NamedTuple):
    at: float
    """Seconds since the epoch; what was written later stays."""
    passes: int = 0
    """How many were made for it."""

    @property
    def due(self) -> float:
        return self.at + PASSES[self.passes]


class Forgetting:
    """Viewers are `platform:id`. `run` deletes until cancelled."""

    def __init__(self, inbox: Inbox, now: Callable[[], float] = clock.now) -> None:
        self._inbox = inbox
        self._now = now
        self._wishes: dict[str, Wish] = {}
        self._news = asyncio.Event()

    async def restore(self) -> None:
        kept = json.loads(await self._inbox.get_note(NOTE) or "{}")
        self._wishes = {viewer: Wish(*wish) for viewer, wish in kept.items()}

    async def wish(self, viewer: str) -> bool:
        """Forget this viewer; certain to happen when it returns. False when too many have to be forgotten first."""
        if viewer not in self._wishes and len(self._wishes) >= MOST:
            return False
        self._wishes[viewer] = Wish(self._now())
        await self._keep()
        self._news.set()
        return True

    async def run(self) -> None:
        """Raises InboxError when the store does not answer; nothing is lost then."""
        while True:
            self._news.clear()
            await self._pass()
            due = min((wish.due for wish in self._wishes.values()), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else max(0.0, due - self._now())):
                    await self._news.wait()

    async def _pass(self) -> None:
        now = self._now()
        ready = dict(islice(((viewer, wish) for viewer, wish in self._wishes.items() if wish.due <= now), AT_ONCE))
        if not ready:
            return
        await self._inbox.forget({viewer: wish.at for viewer, wish in ready.items()})
        for viewer, wish in ready.items():
            if self._wishes.get(viewer) is not wish:
                continue  # they said so again meanwhile
            if wish.passes + 1 < len(PASSES):
                self._wishes[viewer] = wish._replace(passes=wish.passes + 1)
            else:
                del self._wishes[viewer]
        await self._keep()

    async def _keep(self) -> None:
        await self._inbox.set_note(NOTE, json.dumps(self._wishes))
