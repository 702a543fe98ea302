"""Who was heard: from the outcomes of messages to what is remembered of their authors."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from relay.errors import InboxError, MemoryUnavailable
from relay.inbox.base import Inbox
from relay.memory.base import MemoryStore
from relay.memory.records import Acquaintance, Sighting, seen
from relay.model import AudienceMessage, Outcome, Role, Settlement
from relay.system.cancellation import checkpoint

log = logging.getLogger(__name__)

WAITING: Final = 10_000
"""Outcomes that may wait to be looked at, while the store is away say; beyond that the oldest are passed over."""
AT_ONCE: Final = 200
"""Outcomes looked at before the store is written."""
LOOKED_BACK: Final = 2_000
"""Messages of before a restart that are read."""
AGAIN: Final = 3.0
"""Seconds until a store that did not answer is asked again."""
FORGOTTEN: Final = 10_000
"""People whose wish to be forgotten is remembered until what they wrote before has its outcome."""

_HEARD: Final = frozenset({Outcome.FORWARDED, Outcome.MERGED, Outcome.EXPIRED})
"""What ended so was let through by filters and moderators. Commands tell nothing of who wants to be remembered."""
_TOLD: Final = frozenset({Outcome.FORWARDED, Outcome.MERGED})
_NOT_REMEMBERED: Final = frozenset({Role.STREAMER, Role.BOT})


class Sightings:
    """Reads from the inbox who wrote what has its outcome, so that what an earlier run took in counts as well.

    `heard` is told of each message that the companion was told; it returns at once.
    """

    def __init__(self, inbox: Inbox, store: MemoryStore, heard: Callable[[AudienceMessage], None]) -> None:
        self._inbox = inbox
        self._store = store
        self._heard = heard
        self._waiting: deque[Settlement] = deque(maxlen=WAITING)
        self._news = asyncio.Event()
        self._forgotten: OrderedDict[str, float] = OrderedDict()
        """Until when what people did is not remembered, by account."""

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Messages have their outcomes; returns at once."""
        self._waiting += [each for each in settlements if each.outcome in _HEARD]
        self._news.set()

    def forget(self, accounts: frozenset[str], at: float) -> None:
        """What these accounts did until then is not remembered any more."""
        for account in accounts:
            self._forgotten[account] = at
            self._forgotten.move_to_end(account)
        while len(self._forgotten) > FORGOTTEN:
            self._forgotten.popitem(last=False)

    async def run(self) -> None:
        """Remember, until cancelled."""
        while True:
            checkpoint()
            self._news.clear()
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            try:
                await self._remember(batch)
            except (InboxError, MemoryUnavailable) as error:
                log.warning("who was heard is not remembered yet: %s; trying again in %g s", error, AGAIN)
                self._waiting.extendleft(reversed(batch))  # nothing is counted twice
                await asyncio.sleep(AGAIN)
            if not self._waiting:
                await self._news.wait()

    async def _remember(self, settlements: Sequence[Settlement]) -> None:
        records = [(each, await self._inbox.why(each.key)) for each in settlements]
        pairs = [(each, record.message) for each, record in records if record and _is_remembered(record.message)]
        sightings = [_sighting(each, message) for each, message in pairs]
        if sightings:
            viewers = sorted({sighting.viewer for sighting in sightings})
            await self._store.change(viewers, lambda known: self._after(known, sightings))
        for (each, message), sighting in zip(pairs, sightings, strict=True):
            if each.outcome in _TOLD and not self._is_forgotten(sighting):
                self._heard(message)

    def _is_forgotten(self, sighting: Sighting) -> bool:
        return sighting.at <= self._forgotten.get(sighting.viewer, float("-inf"))

    def _after(
        self, known: Mapping[str, Acquaintance], sightings: Sequence[Sighting]
    ) -> Mapping[str, Acquaintance | None]:
        """Looks at the last moment who wants to be forgotten."""
        after = dict(known)
        for sighting in sorted(sightings, key=lambda sighting: sighting.at):
            if not self._is_forgotten(sighting):
                after[sighting.viewer] = seen(after.get(sighting.viewer), sighting)
        return dict(after)


async def told_since(inbox: Inbox, since: float) -> list[AudienceMessage]:
    """What the companion was told since then by people who are remembered, the oldest first, as far as is known.

    Raises InboxError.
    """
    newest = [each for each in await inbox.newest(LOOKED_BACK) if each.at > since and _is_remembered(each)]
    records = [await inbox.why(each.key) for each in reversed(newest)]
    return [each.message for each in records if each and each.settlement and each.settlement.outcome in _TOLD]


def _is_remembered(message: AudienceMessage) -> bool:
    is_news = not message.pretended and not message.told_again
    author = message.author
    return bool(author.id) and is_news and not author.is_nobody and not author.roles & _NOT_REMEMBERED


def _sighting(settlement: Settlement, message: AudienceMessage) -> Sighting:
    return Sighting(
        viewer=f"{message.platform}:{message.author.id}",
        name=message.author.name,
        at=message.at,
        kind=message.kind,
        amount=message.amount or 0,
        is_thanked=settlement.outcome in _TOLD,
    )
