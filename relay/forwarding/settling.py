"""How messages ended: recorded in the store, and told to who observes."""

from collections.abc import Callable, Iterable, Sequence

from relay.inbox.base import Inbox
from relay.inbox.retry import with_retries
from relay.model import Forward, Outcome, Settlement


class Settling:
    """Records outcomes, however long the store takes: what was sent must not be sent again."""

    def __init__(
        self, inbox: Inbox, settled: Callable[[Sequence[Settlement]], None], wall: Callable[[], float]
    ) -> None:
        """`settled` is told of those that are the first for their message. `wall` is in seconds since the epoch."""
        self._inbox = inbox
        self._settled = settled
        self._wall = wall
        self._under_way = 0

    @property
    def is_under_way(self) -> bool:
        """Outcomes are on their way into the store; those who observe do not know of them yet."""
        return self._under_way > 0

    async def forward(self, forward: Forward, outcome: Outcome, reason: str) -> None:
        """All that a forward carries ended alike."""
        await self.messages([(key, outcome, reason) for key in forward.keys])

    async def messages(self, ended: Iterable[tuple[str, Outcome, str]]) -> None:
        """Messages by their keys, each with its outcome and reason."""
        at = self._wall()
        settlements = [Settlement(key=key, outcome=outcome, reason=reason, at=at) for key, outcome, reason in ended]
        if not settlements:
            return
        self._under_way += 1
        try:
            first = await with_retries(self._inbox.settle, settlements)
        finally:
            self._under_way -= 1
        self._settled([each for each, is_first in zip(settlements, first, strict=True) if is_first])
