"""Who has the inbox in Redis: one relay at a time, for as long as it keeps saying so.

Two relays of one name would answer each other's people. The lease keeps the second one out, and lets it in soon after
the first one died. Against an owner that slept through the end of its lease the scripts check who calls (scripts.py).
"""

import asyncio
import logging
import math
import os
import socket
import uuid
from contextlib import suppress
from typing import Final

from relay.errors import InboxError, InboxTaken
from relay.inbox import scripts
from relay.inbox.pages import Pages
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

LEASE: Final = 6.0
"""Seconds after which another relay may take over from one that says nothing any more."""
RENEWALS: Final = 3
"""How often a lease is renewed within its time."""
LOOK_EVERY: Final = 0.25
"""Seconds between two looks at a lease of somebody else."""
RELEASE_WITHIN: Final = 1.0
"""Seconds that giving the lease back may take; without it the lease ends by itself."""


class Lease:
    def __init__(self, pages: Pages, seconds: float) -> None:
        self._pages = pages
        self._seconds = seconds
        self._me = f"{uuid.uuid4().hex[:12]}, process {os.getpid()} on {socket.gethostname()}"
        self._renewing: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Become the owner, and stay it until `release`.

        Waits for as long as a relay that died may have it still. Raises InboxTaken when one is alive: it renews.
        """
        left = math.inf
        while holder := await self._try():
            before, (left, name) = left, holder
            if left > before:
                raise InboxTaken(
                    f"inbox.url: {self._pages.connection.name} is in use by another relay of this name ({name}); "
                    "stop that one, or give this one another relay.name"
                )
            await asyncio.sleep(min(left, LOOK_EVERY))
        self._pages.owner = self._me
        self._renewing = asyncio.create_task(self._renew(), name="inbox-lease")

    async def release(self) -> None:
        """Let others have it at once."""
        renewing, self._renewing = self._renewing, None
        if renewing is None:
            return
        renewing.cancel()
        await asyncio.wait({renewing})
        self._pages.owner = None
        with suppress(InboxError, TimeoutError):
            async with asyncio.timeout(RELEASE_WITHIN):
                await self._pages.run(scripts.RELEASE, self._me)

    async def _try(self) -> tuple[float, str] | None:
        """None when we have it now; else the seconds for which who else has it still, and who."""
        left, *holder = await self._pages.run(scripts.ACQUIRE, self._me, self._milliseconds)
        return (left / 1000, holder[0].decode().partition(", ")[2]) if holder else None

    async def _renew(self) -> None:
        while True:
            checkpoint()
            await asyncio.sleep(self._seconds / RENEWALS)
            try:
                await self._pages.run_as_owner(scripts.RENEW, self._milliseconds)
            except InboxTaken as error:  # whoever claims next hears of it, too, and ends the run
                log.error("%s", error)
                return
            except InboxError as error:
                log.debug("the lease was not renewed: %s", error)

    @property
    def _milliseconds(self) -> int:
        return int(self._seconds * 1000)
