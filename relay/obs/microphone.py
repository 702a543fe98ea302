"""The streamer's microphone as an external speaker: connected to OBS whenever that runs."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from typing import Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from relay.config import ObsSection
from relay.errors import AuthError, RelayError
from relay.obs.activity import MicrophoneActivity, peaks
from relay.obs.connection import ObsConnection, ObsEvent, connect
from relay.obs.inputs import Inputs, find
from relay.speech.base import Speakers

log = logging.getLogger(__name__)

SUBSCRIPTIONS: Final = 1 << 1 | 1 << 3 | 1 << 16
"""Of the protocol's EventSubscription: Config (scene collections), Inputs, InputVolumeMeters."""

TICK: Final = 0.25
"""Seconds, at most, between two looks at the clock."""

RECONNECT: Final = (0.5, 1.5)
"""Seconds before a lost connection is made anew, drawn from this range; failures after that back off."""

REFUSED: Final = 60.0
"""Seconds before a refused password is tried again: OBS may show its user every refusal."""

_BACKOFF = wait_exponential_jitter(multiplier=1, max=10, jitter=1)


class ObsMicrophone:
    """Reports the configured inputs to `speakers` as `microphone:<input>` while `run` runs."""

    def __init__(
        self, settings: ObsSection, speakers: Speakers, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._talking = MicrophoneActivity(
            speakers, settings.inputs, threshold=settings.threshold, release=settings.release
        )
        self._called = {name: name for name in settings.inputs}
        """As an input was configured -> as OBS calls it now."""
        self._inputs = Inputs()
        self._muted: set[str] = set()
        """By the name OBS gives."""
        self._problem: str | None = "not connected to OBS yet"
        self._reported: type[RelayError] | None = None

    def health(self) -> str:
        """One line: what is heard, or why nothing is."""
        return self._problem or self._inputs.complaint(self._called.values()) or self._heard()

    def _heard(self) -> str:
        inputs = [f"{now} (muted)" if now in self._muted else now for now in self._called.values()]
        return f"listening to {', '.join(inputs)}"

    async def run(self) -> None:
        """Connect, listen and reconnect until cancelled. Whoever talks when a connection ends has stopped."""
        while True:
            async for attempt in AsyncRetrying(retry=retry_if_exception_type(RelayError), wait=_wait):
                with attempt:
                    await self._serve()
            await asyncio.sleep(random.uniform(*RECONNECT))

    async def _serve(self) -> None:
        """One connection, from login to loss. Raises RelayError when it never came to listening."""
        try:
            async with connect(self._settings, SUBSCRIPTIONS) as connection:
                await self._look_up(connection)
                self._problem = self._reported = None
                log.info("OBS is connected: %s", self.health())
                await self._listen(connection)
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
        try:
            while True:
                event = await connection.event(TICK)
                if event is not None and self._take(event):
                    await self._look_up(connection)
                self._talking.lapse(self._clock())
        finally:
            self._talking.stop_all()

    def _take(self, event: ObsEvent) -> bool:
        """Whether the inputs have to be looked up again."""
        match event:
            case ObsEvent("InputVolumeMeters", frame):
                self._hear(peaks(frame))
            case ObsEvent("InputMuteStateChanged", {"inputName": str(name), "inputMuted": bool(muted)}):
                self._mute(name, muted)
            case ObsEvent("InputNameChanged", {"oldInputName": str(old), "inputName": str(new)}):
                self._rename(old, new)
                return True
            case ObsEvent("InputCreated" | "InputRemoved" | "CurrentSceneCollectionChanged"):
                return True
        return False

    def _hear(self, levels: dict[str, float]) -> None:
        audible = {name: levels.get(now, 0.0) for name, now in self._called.items() if now not in self._muted}
        self._talking.hear(audible, self._clock())

    def _mute(self, name: str, muted: bool) -> None:
        if not muted:
            self._muted.discard(name)
            return
        self._muted.add(name)
        self._stop_inaudible()

    def _rename(self, old: str, new: str) -> None:
        for name in [name for name, now in self._called.items() if now == old]:
            self._called[name] = new
            log.warning("%r is called %r in OBS now and still listened to; correct obs.inputs", name, new)

    async def _look_up(self, connection: ObsConnection) -> None:
        before = self._inputs.complaint(self._called.values())
        inputs = await find(connection, {*self._called, *self._called.values()})
        self._inputs, self._muted = inputs, set(inputs.muted)
        self._called = {name: now if now in inputs.names else name for name, now in self._called.items()}
        self._stop_inaudible()
        complaint = inputs.complaint(self._called.values())
        if complaint is not None and complaint != before:
            log.warning("%s", complaint)

    def _stop_inaudible(self) -> None:
        for name, now in self._called.items():
            if now in self._muted or now not in self._inputs.names:
                self._talking.stop(name)


def _wait(state: RetryCallState) -> float:
    refused = state.outcome is not None and isinstance(state.outcome.exception(), AuthError)
    return REFUSED * random.uniform(1.0, 1.1) if refused else _BACKOFF(state)
