"""What two processes say to each other without a break: many small things, in order, none of them twice."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final

from relay.bus.presence import Presence
from relay.bus.pubsub import PubSub
from relay.errors import InboxError, RelayError
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

SEEN_WITHIN: Final = 10.0
"""Seconds in which the other end has to say to everybody that it is in the session."""


class LineLost(RelayError):
    """Something may not have been heard, or the other end is gone: what both ends know has to be told anew."""

    retryable = True


class Line:
    """One end of a line, which lasts until anything is lost; then both begin another, by other names.

    What is said in the same moment goes as one message.
    """

    def __init__(self, pubsub: PubSub, mine: str, theirs: str, hears: dict[str, Callable[..., None]]) -> None:
        """`mine` is where this end is told, `theirs` where the other is; `hears` has what is called by what is said."""
        self._pubsub = pubsub
        self._mine = mine
        self._theirs = theirs
        self.hears = hears
        self._waiting: asyncio.Queue[tuple[Any, ...] | None] = asyncio.Queue()
        """None: something was missed."""
        self._told = 0
        self._heard = 0
        self.is_heard = asyncio.Event()
        """Set when what the other end says is heard."""

    def say(self, what: str, *about: Any) -> None:
        """Tell it, soon; what is fit for JSON. Returns at once."""
        self._waiting.put_nowait((what, *about))

    async def run(self) -> None:
        """Until cancelled. Raises LineLost."""
        with self._pubsub.heard_by(self._mine, self._receive):
            await self.is_heard.wait()
            while True:
                checkpoint()
                said = [await self._waiting.get()]
                while not self._waiting.empty():
                    said.append(self._waiting.get_nowait())
                if None in said:
                    raise LineLost("something was said that was not heard")
                await self._tell(said)

    async def _tell(self, said: list[tuple[Any, ...] | None]) -> None:
        self._told += 1
        try:
            await self._pubsub.tell(self._theirs, json.dumps([self._told, said]).encode())
        except InboxError as error:
            raise LineLost(f"something could not be said: {error}") from None

    def _receive(self, message: bytes | None) -> None:
        if message is None:
            if self.is_heard.is_set():
                self._waiting.put_nowait(None)
            self.is_heard.set()
            return
        number, said = json.loads(message)
        if number <= self._heard:
            return  # told twice, as the connection failed the first time
        if number > self._heard + 1:
            self._waiting.put_nowait(None)
        self._heard = number
        for what, *about in said:
            self._hear(what, about)

    def _hear(self, what: str, about: list[Any]) -> None:
        try:
            self.hears[what](*about)
        except Exception:  # must not end what all of this process hears by
            log.exception("%s was not understood", what)
            self._waiting.put_nowait(None)


async def until_left(presence: Presence, process: str, service: str, session: int) -> None:
    """Raises LineLost when a process no longer says of the service that it is in this session."""

    def is_in() -> bool:
        sign = presence.living.get(process)
        return sign is not None and sign.services.get(service) == session

    async with presence.changed:
        try:
            async with asyncio.timeout(SEEN_WITHIN):
                await presence.changed.wait_for(is_in)
        except TimeoutError:
            raise LineLost("the other process does not come") from None
        await presence.changed.wait_for(lambda: not is_in())
    raise LineLost("the other process is gone")
