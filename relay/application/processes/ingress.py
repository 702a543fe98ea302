"""What adapters bring, on its way to the core: durable, in order, and told to the core until it has stored it."""

import logging
from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from relay.bus.stream import RedisStream, StreamEntry
from relay.errors import RelayError
from relay.inbox.retry import with_retries
from relay.model import AudienceMessage, Edit, Incoming, PlatformDecision, Retraction
from relay.platforms.base import Receive
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

PAGES: Final = 16
"""Entries the core reads at once; each holds what an adapter handed over together."""
WAIT: Final = 5.0
"""Seconds one read waits for something new."""

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


class Ingress:
    """`receive` is what an adapter's platforms are built with; `run` is for the core."""

    def __init__(self, stream: RedisStream) -> None:
        self._stream = stream

    async def receive(self, *incoming: Incoming) -> None:
        """See Receive."""
        await self._stream.append([encoded(incoming)])

    async def run(self, receive: Receive) -> None:
        """Hand over until cancelled. What was handed over before a crash may come again: its ids are known then."""
        while True:
            checkpoint()
            entries = await with_retries(self._stream.read, PAGES, WAIT)
            done = [entry.id for entry in entries if await self._is_handed_over(entry, receive)]
            await with_retries(self._stream.acknowledge, done)

    async def _is_handed_over(self, entry: StreamEntry, receive: Receive) -> bool:
        """An entry that makes one core fail would make each fail that takes over: it is set aside."""
        try:
            await with_retries(receive, *decoded(entry.item))
        except RelayError:
            raise
        except Exception as mistake:
            log.debug("what adapters brought: %s", mistake, exc_info=mistake)
            await with_retries(self._stream.set_aside, entry, mistake)
            return False
        return True
