"""What adapters bring, on its way to the core: durable, in order, and told to the core until it has stored it."""

import logging
from collections.abc import Sequence
from typing import Final, NamedTuple

from pydantic import TypeAdapter

from relay.bus.stream import RedisStream, StreamEntry
from relay.errors import RelayError
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Edit, Incoming, PlatformDecision, Retraction
from relay.platforms.base import Receive
from relay.system.cancellation import checkpoint
from relay.system.fairness import give_way

log = logging.getLogger(__name__)

PAGES: Final = 64
"""Entries the core reads at once; each holds what an adapter handed over together."""
WAIT: Final = 30.0
"""Seconds one read waits for something new."""
TOGETHER: Final = 32
"""Messages handed over at once, about: 0.03 s of work, for which the process's other companions wait."""

_KINDS: Final[dict[str, type[Incoming]]] = {
    "message": AudienceMessage,
    "edit": Edit,
    "retraction": Retraction,
    "decision": PlatformDecision,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_PAGE: Final = TypeAdapter(list[tuple[str, dict[str, object]]])


def encoded(incoming: Sequence[Incoming]) -> bytes:
    """As one entry of the stream."""
    return _PAGE.dump_json([(_NAMES[type(each)], each.model_dump(mode="json")) for each in incoming])


def decoded(entry: bytes) -> list[Incoming]:
    """Raises ValueError or KeyError for what this version does not know."""
    return [_KINDS[name].model_validate(fields) for name, fields in _PAGE.validate_json(entry)]


class IngressPage(NamedTuple):
    """What an adapter handed over together, as it lies there and as it is meant."""

    entry: StreamEntry
    incoming: Sequence[Incoming]


class Ingress:
    """`receive` is what an adapter's platforms are built with; `run` is for the core."""

    def __init__(self, stream: RedisStream) -> None:
        self._stream = stream

    async def receive(self, *incoming: Incoming) -> None:
        """See Receive."""
        await self._stream.append([encoded(incoming)])

    async def run(self, receive: Receive) -> None:
        """Hand over until cancelled. What was handed over before a crash may come again: its ids are known then.

        However much there is, the other companions of this process have their turn (see `give_way`).
        """
        done: list[bytes] = []
        with self._stream.followed():
            while True:
                checkpoint()
                entries = await with_retries(self._stream.read, PAGES, WAIT, done)
                done = await self._hand_over(entries, receive)

    async def _hand_over(self, entries: Sequence[StreamEntry], receive: Receive) -> list[bytes]:
        """What has come together goes together, as far as it is not too much. Returns the ids of what is done."""
        done: list[bytes] = []
        some: list[IngressPage] = []
        for entry in entries:
            try:
                some.append(IngressPage(entry, decoded(entry.item)))
            except Exception as mistake:
                await self._set_aside(entry, mistake)
            if sum(len(each.incoming) for each in some) >= TOGETHER:
                done += await self._give(some, receive)
                some = []
        return done + await self._give(some, receive)

    async def _give(self, some: Sequence[IngressPage], receive: Receive) -> list[bytes]:
        incoming = [each for brought in some for each in brought.incoming]
        try:
            for start in range(0, len(incoming), TOGETHER):
                await with_retries(receive, *incoming[start : start + TOGETHER])
                if len(incoming) >= TOGETHER:
                    await give_way()
        except RelayError:
            raise
        except Exception as mistake:
            if len(some) > 1:
                return [id for brought in some for id in await self._give([brought], receive)]
            # One that makes this core fail would make each fail that takes over.
            await self._set_aside(some[0].entry, mistake)
            return []
        return [brought.entry.id for brought in some]

    async def _set_aside(self, entry: StreamEntry, mistake: Exception) -> None:
        log.debug("what adapters brought: %s", mistake, exc_info=mistake)
        await with_retries(self._stream.set_aside, entry, mistake)
