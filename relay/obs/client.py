"""The connection to OBS, held whenever that runs, and the parts of the relay that use it."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from relay.config import ObsSection
from relay.errors import AuthError, RelayError
from relay.obs.connection import ObsConnection, ObsEvent, connect
from relay.system.backoff import LossPauses, backoff

log = logging.getLogger(__name__)

SUBSCRIPTIONS: Final = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 16
"""Of the protocol's EventSubscription: Config (scene collections), Scenes, Inputs, Outputs, InputVolumeMeters."""

TICK: Final = 0.25
"""Seconds, at most, between two looks at the clock."""

SETTLES: Final = 1.0
"""Seconds after which OBS lists an input no longer that it told the end of; 0.1 to 0.2 s were measured."""

RECONNECT = 1.0
RECONNECT_AT_MOST: Final = 10.0
"""Seconds, at most, before a lost connection is made anew: at first, and when it is lost soon again and again. Failures
after that back off."""

REFUSED: Final = 60.0
"""Seconds before a refused password is tried again: OBS may show its user every refusal."""

_BACKOFF = backoff(1.0, 10.0)

_TELL_OF_INPUTS: Final = ("InputCreated", "InputNameChanged", "InputRemoved", "CurrentSceneCollectionChanged")


class ObsPart:
    """What takes part in the connection; each overrides what it needs."""

    def health(self) -> str:
        """How it is while OBS is connected, in a few words; nothing when there is nothing to say."""
        return ""

    @property
    def is_well(self) -> bool:
        """Whether all is there that the settings name; asked while OBS is connected."""
        return True

    async def look_up(self, obs: ObsConnection) -> None:
        """Ask how things are: connected, or other inputs are there. Raises RelayError when OBS does not answer."""

    def take(self, event: ObsEvent) -> None:
        """Something happened in OBS."""

    def lapse(self) -> None:
        """Time has passed."""

    def lost(self) -> None:
        """OBS is not connected any more."""


class ObsClient:
    """Connects the parts to OBS while `run` runs."""

    def __init__(
        self, settings: ObsSection, parts: Sequence[ObsPart], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._parts = parts
        self._clock = clock
        self._pauses = LossPauses(RECONNECT, RECONNECT_AT_MOST)
        self._look_again_at = float("inf")
        self._problem: str | None = "not connected to OBS yet"
        self._reported: type[RelayError] | None = None

    @property
    def is_connected(self) -> bool:
        return self._problem is None

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to do something about it: a refused password, an input that is not there."""
        refused = self._reported is not None and issubclass(self._reported, AuthError)
        return refused or (self.is_connected and not all(part.is_well for part in self._parts))

    def health(self) -> str:
        """One line: how the parts are, or why OBS is not connected."""
        return self._problem or "; ".join(filter(None, (part.health() for part in self._parts)))

    async def run(self) -> None:
        """Connect, listen and reconnect until cancelled."""
        while True:
            async for attempt in AsyncRetrying(retry=retry_if_exception_type(RelayError), wait=_wait):
                with attempt:
                    await self._serve()
            await asyncio.sleep(self._pauses.next())

    async def _serve(self) -> None:
        """One connection, from login to loss. Raises RelayError when it never came to listening."""
        try:
            async with connect(self._settings, SUBSCRIPTIONS) as connection:
                try:
                    await self._look_up(connection)
                    self._problem = self._reported = None
                    self._pauses.is_well()
                    log.info("OBS is connected: %s", self.health())
                    await self._listen(connection)
                finally:
                    for part in self._parts:
                        part.lost()
        except RelayError as error:
            listened = self._problem is None
            self._report(error)
            if not listened:
                raise

    def _report(self, error: RelayError) -> None:
        self._problem = str(error)
        if type(error) is self._reported:
            return
        self._reported = type(error)
        if isinstance(error, AuthError):
            log.error("%s; trying again every %g s", error, REFUSED)
        else:
            log.info("%s; waiting for it", error)

    async def _listen(self, connection: ObsConnection) -> None:
        while True:
            event = await connection.event(TICK)
            if event is not None:
                await self._take(event, connection)
            if self._clock() >= self._look_again_at:
                self._look_again_at = float("inf")
                await self._look_up(connection)
            for part in self._parts:
                part.lapse()

    async def _take(self, event: ObsEvent, connection: ObsConnection) -> None:
        for part in self._parts:
            part.take(event)
        if event.kind in _TELL_OF_INPUTS:
            self._look_again_at = self._clock() + SETTLES
            if event.kind != "InputRemoved":
                await self._look_up(connection)

    async def _look_up(self, connection: ObsConnection) -> None:
        for part in self._parts:
            await part.look_up(connection)


def _wait(state: RetryCallState) -> float:
    refused = state.outcome is not None and isinstance(state.outcome.exception(), AuthError)
    return REFUSED * random.uniform(1.0, 1.1) if refused else _BACKOFF(state)
