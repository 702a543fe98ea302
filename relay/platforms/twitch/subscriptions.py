"""Keeping what we want subscribed, whatever happens to the connection."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from relay.errors import PlatformError, PlatformUnavailable
from relay.platforms.twitch.sources import Key, Wanted, missing

log = logging.getLogger(__name__)

TOO_MANY = 3
"""Failures in one pass after which Twitch counts as down."""
ASK_AGAIN = (60.0, 120.0, 300.0, 900.0)
"""Seconds until Twitch is asked again for what it refused, by how often: a login may have become a moderator's."""
FEW = 50
"""Refusals that are asked again at that pace; where there are more, each comes up more rarely."""


class Carrier(Protocol):
    """What holds subscriptions: the session of a login, or a conduit."""

    at_once: int
    """Calls that may be under way together."""

    @property
    def id(self) -> str:
        """Another one holds nothing of what this one does."""
        ...

    @property
    def is_over(self) -> bool:
        """It holds nothing any more."""
        ...

    async def present(self) -> Mapping[Key, str]:
        """The ids of the subscriptions that it holds. Raises as TwitchConnection.call does."""
        ...

    async def subscribe(self, wanted: Wanted) -> None:
        """Raises as TwitchConnection.call does."""
        ...

    async def unsubscribe(self, id: str) -> None:
        """Raises as TwitchConnection.call does."""
        ...

    def is_unknown(self, why: str) -> bool:
        """Whether Twitch refuses by these words because it does not know the carrier any more, which is then over."""
        ...


@dataclass(frozen=True)
class _Refusal:
    wanted: Wanted
    why: str
    times: int
    until: float
    """When it is worth another try, by the clock."""
    carrier: str


class Reconciler:
    """Compares what Twitch says is subscribed with what we want, subscribes the rest and ends what is too much."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refusals: dict[Key, _Refusal] = {}
        self.live: frozenset[tuple[str, str]] = frozenset()
        """The places of what is subscribed."""

    @property
    def trouble(self) -> str:
        """What Twitch refuses, for people; empty when all is well."""
        return "; ".join(_told(self._refusals.values()))

    async def reconcile(self, carrier: Carrier, asked: Sequence[Wanted]) -> None:
        """Bring Twitch to what is asked, in its order. A refusal costs that one subscription.

        Raises PlatformUnavailable, RateLimited or AuthError; what was subscribed before that stays.
        """
        present, keys = await carrier.present(), {each.key for each in asked}
        self.live = frozenset(each.place for each in asked if each.key in present)
        self._refusals = {key: why for key, why in self._refusals.items() if key in keys and key not in present}
        for key, id in present.items():
            if key not in keys:
                await self._unsubscribe(id, carrier)
        lacking = [each for each in asked if each.key not in present and self._is_worth_asking(each, carrier)]
        known = {key: refusal.why for key, refusal in self._refusals.items()}
        try:
            await self._subscribe_all(lacking, carrier)
        finally:
            news = [refusal for key, refusal in self._refusals.items() if known.get(key) != refusal.why]
            for line in _told(news):
                log.warning("%s", line)

    async def _subscribe_all(self, lacking: Sequence[Wanted], carrier: Carrier) -> None:
        failures: list[PlatformUnavailable] = []
        for start in range(0, len(lacking), carrier.at_once):
            if carrier.is_over or len(failures) >= TOO_MANY:
                break
            failures += await self._subscribe_some(lacking[start : start + carrier.at_once], carrier)
        if failures:
            raise failures[0]

    def _is_worth_asking(self, wanted: Wanted, carrier: Carrier) -> bool:
        refusal = self._refusals.get(wanted.key)
        return refusal is None or refusal.until <= self._clock() or refusal.carrier != carrier.id

    async def _subscribe_some(self, some: Sequence[Wanted], carrier: Carrier) -> list[PlatformUnavailable]:
        """Those of the failures that need not keep the others waiting: Twitch may fail at one type alone."""
        results = await asyncio.gather(*(self._subscribe(each, carrier) for each in some), return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        for failure in failures:
            if not isinstance(failure, PlatformUnavailable):
                raise failure
        return [failure for failure in failures if isinstance(failure, PlatformUnavailable)]

    async def _subscribe(self, wanted: Wanted, carrier: Carrier) -> None:
        try:
            await carrier.subscribe(wanted)
        except PlatformError as error:
            if error.retryable:
                raise
            self._note_refusal(wanted, str(error), carrier)
        else:
            self.live |= {wanted.place}
            self._refusals.pop(wanted.key, None)

    async def _unsubscribe(self, id: str, carrier: Carrier) -> None:
        try:
            await carrier.unsubscribe(id)
        except PlatformError as error:
            if error.retryable:
                raise
            log.debug("%s", error)  # it has ended already

    def _note_refusal(self, wanted: Wanted, why: str, carrier: Carrier) -> None:
        if carrier.is_unknown(why):
            return  # only a new one helps
        before = self._refusals.get(wanted.key)
        times = before.times + 1 if before is not None else 1
        pause = ASK_AGAIN[min(times, len(ASK_AGAIN)) - 1] * max(1.0, len(self._refusals) / FEW)
        self._refusals[wanted.key] = _Refusal(wanted, why, times, self._clock() + pause, carrier.id)


def _told(refusals: Iterable[_Refusal]) -> list[str]:
    """A line for people for each reason there is."""
    by_reason: dict[str, list[Wanted]] = {}
    for refusal in refusals:
        if not refusal.wanted.source.is_minor:
            by_reason.setdefault(refusal.why, []).append(refusal.wanted)
    return [f"no {missing(lacked)}: {why}" for why, lacked in by_reason.items()]
