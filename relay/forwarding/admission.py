"""What waits in the store is claimed, and judged in parts: what else there is to do has its turn between two."""

import asyncio
from collections import deque
from collections.abc import Callable, Container, Sequence
from typing import Final

from relay.forwarding.follows import NOTE_FOLLOWS
from relay.forwarding.settling import Settling
from relay.forwarding.waiting import Waiting
from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Outcome
from relay.system.cancellation import checkpoint

CLAIM: Final = 512
"""Messages claimed at once, at most."""
JUDGED_AT_ONCE: Final = 32
"""Of them, judged in one turn of the loop: some milliseconds in which nobody else has theirs."""
CLAIM_WAIT: Final = 30.0
"""Seconds one claim waits for a message before what waits is looked at anew all the same."""


class Admission:
    """Serves the forwarder alone. `changed` is called when there is news. `wall` is in seconds since the epoch."""

    def __init__(
        self,
        inbox: Inbox,
        settling: Settling,
        waiting: Waiting,
        *,
        changed: Callable[[], None],
        wall: Callable[[], float],
    ) -> None:
        self._inbox = inbox
        self._settling = settling
        self._waiting = waiting
        self._changed = changed
        self._wall = wall
        self._claimed: deque[AudienceMessage] = deque()
        """What is not judged yet."""
        self._ending: str | None = None

    async def take_over(self) -> None:
        """What the relay before this one held when it ended."""
        await self._admit(await with_retries(self._inbox.reclaim))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            checkpoint()
            await self._admit(await with_retries(self._inbox.claim, CLAIM, CLAIM_WAIT))

    def end(self, reason: str) -> None:
        """From now on drop what comes."""
        self._ending = reason

    def forget(self, keys: Container[str]) -> None:
        """These have their outcomes."""
        self._claimed = deque(each for each in self._claimed if each.key not in keys)

    async def _admit(self, messages: Sequence[AudienceMessage]) -> None:
        self._claimed.extend(messages)
        while self._claimed:
            await self._know_follows()
            await self._judge([self._claimed.popleft() for _ in range(min(JUDGED_AT_ONCE, len(self._claimed)))])
            await asyncio.sleep(0)
        if not messages:
            self._changed()

    async def _know_follows(self) -> None:
        follows = self._waiting.judging.follows
        if not follows.is_loaded:
            follows.load(await with_retries(self._inbox.get_note, NOTE_FOLLOWS))

    async def _judge(self, messages: Sequence[AudienceMessage]) -> None:
        if self._ending is not None:
            await self._settling.messages([(each.key, Outcome.DROPPED, self._ending) for each in messages])
            return
        self._waiting.admit(messages, self._wall())
        self._changed()
        await self._waiting.judging.follows.keep(self._inbox)
