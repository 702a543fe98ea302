"""Keeping what we want subscribed, whatever happens to the connection."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from twitchio.models.eventsub_ import EventsubSubscription

from relay.errors import PlatformError, PlatformUnavailable
from relay.platforms.twitch.connection import TwitchConnection
from relay.platforms.twitch.socket import EventSocket
from relay.platforms.twitch.sources import EventSource, Key, Wanted, key, missing, wanted

log = logging.getLogger(__name__)

TOO_MANY = 3
"""Failures in one pass after which Twitch counts as down."""
ASK_AGAIN = (60.0, 120.0, 300.0, 900.0)
"""Seconds until Twitch is asked again for what it refused, by how often: a login may have become a moderator's."""


@dataclass(frozen=True)
class _Refusal:
    wanted: Wanted
    why: str
    times: int
    until: float
    """When it is worth another try, by the clock."""
    session: str | None


class Reconciler:
    """Compares what Twitch says is subscribed with what we want, and subscribes the rest, one at a time."""

    def __init__(
        self, connection: TwitchConnection, sources: Sequence[EventSource], clock: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._sources = sources
        self._clock = clock
        self._refusals: dict[Key, _Refusal] = {}
        self._sessions: set[str | None] = set()
        """The ids of all sessions so far."""
        self.live: frozenset[tuple[str, str]] = frozenset()
        """The places of what is subscribed."""

    @property
    def trouble(self) -> str:
        """What Twitch refuses, for people; empty when all is well."""
        by_reason: dict[str, list[Wanted]] = {}
        for refusal in self._refusals.values():
            if not refusal.wanted.source.is_minor:
                by_reason.setdefault(refusal.why, []).append(refusal.wanted)
        return "; ".join(f"no {missing(lacked)}: {why}" for why, lacked in by_reason.items())

    async def reconcile(self, socket: EventSocket) -> None:
        """Bring Twitch to what we want on this session. A refusal costs that one subscription.

        Raises PlatformUnavailable, RateLimited or AuthError; what was subscribed before that stays.
        """
        connection = self._connection
        present = await self._present(socket)
        asked = wanted(self._sources, connection.account, connection.channels)
        self.live = frozenset(each.place for each in asked if each.key in present)
        self._refusals = {each.key: self._refusals[each.key] for each in asked if each.key in self._refusals}
        failures: list[PlatformUnavailable] = []
        for each in asked:
            if socket.ended.is_set() or len(failures) == TOO_MANY:
                break
            if each.key in present:
                self._refusals.pop(each.key, None)
            elif self._is_worth_asking(each, socket):
                try:
                    await self._subscribe(each, socket)
                except PlatformUnavailable as failure:
                    failures.append(failure)  # Twitch may fail at one type alone; the others need not wait for it
        if failures:
            raise failures[0]

    def _is_worth_asking(self, wanted: Wanted, socket: EventSocket) -> bool:
        refusal = self._refusals.get(wanted.key)
        return refusal is None or refusal.until <= self._clock() or refusal.session != socket.session_id

    async def _present(self, socket: EventSocket) -> set[Key]:
        async def ask() -> list[EventsubSubscription]:
            listed = await self._connection.client.fetch_eventsub_subscriptions(
                token_for=self._connection.account.id, status="enabled"
            )
            return [item async for item in listed.subscriptions if item.id not in socket.revoked]

        items = await self._connection.call(ask, "reading the subscriptions")
        await self._clear_away(
            [item for item in items if item.cost and item.transport.session_id in self._sessions - socket.sessions]
        )
        self._sessions |= socket.sessions
        return {key(item.type, item.condition) for item in items if item.transport.session_id in socket.sessions}

    async def _clear_away(self, leftovers: Sequence[EventsubSubscription]) -> None:
        """Twitch goes on counting the cost of a connection that broke until it notices."""
        for item in leftovers:
            try:
                await self._connection.call(
                    partial(item.delete, token_for=self._connection.account.id), "clearing away"
                )
            except PlatformError as error:
                if error.retryable:
                    raise
                log.debug("%s", error)  # Twitch has noticed meanwhile

    async def _subscribe(self, wanted: Wanted, socket: EventSocket) -> None:
        try:
            await self._connection.call(
                lambda: self._connection.client.subscribe_websocket(
                    wanted.payload,
                    as_bot=False,
                    token_for=self._connection.account.id,
                    socket_id=socket.session_id,
                ),
                "subscribing",
            )
        except PlatformError as error:
            if error.retryable:
                raise
            self._note_refusal(wanted, str(error), socket)
        else:
            self.live |= {wanted.place}
            self._refusals.pop(wanted.key, None)

    def _note_refusal(self, wanted: Wanted, why: str, socket: EventSocket) -> None:
        if "session" in why:
            socket.ended.set()  # Twitch knows the session no more; only a new one helps
            return
        before = self._refusals.get(wanted.key)
        times = before.times + 1 if before is not None else 1
        pause = ASK_AGAIN[min(times, len(ASK_AGAIN)) - 1]
        self._refusals[wanted.key] = _Refusal(wanted, why, times, self._clock() + pause, socket.session_id)
        if not wanted.source.is_minor and (before is None or before.why != why):
            log.warning("no %s: %s", missing([wanted]), why)
