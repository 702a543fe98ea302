"""The streamer's microphone as an external speaker."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from relay.config import ObsSection
from relay.obs.activity import SILENCE, MicrophoneActivity, peaks
from relay.obs.client import ObsPart
from relay.obs.connection import ObsConnection, ObsEvent
from relay.obs.inputs import Inputs, find
from relay.speech.base import Speakers
from relay.text.for_pages import for_pages

log = logging.getLogger(__name__)


class ObsMicrophone(ObsPart):
    """Reports the configured inputs to `speakers` as `microphone:<input>`.

    Whoever talks when the connection ends has stopped.
    """

    def __init__(
        self, settings: ObsSection, speakers: Speakers, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._talking = MicrophoneActivity(
            speakers, settings.inputs, threshold=settings.threshold, release=settings.release
        )
        self._called = {name: name for name in settings.inputs}
        """As an input was configured -> as OBS calls it now."""
        self._inputs = Inputs()
        self._muted: set[str] = set()
        """By the name OBS gives."""
        self._levels: dict[str, float] = {}
        self._heard_at = float("-inf")

    @property
    def threshold(self) -> float:
        """From how loud on somebody talks, in dBFS; another one counts at once."""
        return self._talking.threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._talking.threshold = threshold

    def levels(self) -> dict[str, float]:
        """How loud each configured input is now, 1.0 is full scale; empty while OBS tells nothing."""
        return self._levels if self._clock() - self._heard_at < SILENCE else {}

    def health(self) -> str:
        """What is heard, or why nothing is."""
        return self._inputs.complaint(self._called.values()) or self._heard()

    @property
    def is_well(self) -> bool:
        return self._inputs.complaint(self._called.values()) is None

    def _heard(self) -> str:
        if not self._called:
            return for_pages("no microphone is watched")
        inputs = [for_pages(f"{now} (muted)") if now in self._muted else now for now in self._called.values()]
        return for_pages(f"listening to {', '.join(inputs)}")

    async def look_up(self, obs: ObsConnection) -> None:
        """See ObsPart."""
        inputs = await find(obs, {*self._called, *self._called.values()})
        self._muted = set(inputs.muted)
        self._called = {name: now if now in inputs.names else name for name, now in self._called.items()}
        self._know(inputs)

    def take(self, event: ObsEvent) -> None:
        """See ObsPart."""
        match event:
            case ObsEvent("InputVolumeMeters", frame):
                self._hear(peaks(frame))
            case ObsEvent("InputMuteStateChanged", {"inputName": str(name), "inputMuted": bool(muted)}):
                self._mute(name, muted)
            case ObsEvent("InputNameChanged", {"oldInputName": str(old), "inputName": str(new)}):
                self._rename(old, new)
            case ObsEvent("InputRemoved", {"inputName": str(name)}):
                self._know(replace(self._inputs, names=self._inputs.names - {name}))

    def lapse(self) -> None:
        """See ObsPart."""
        self._talking.lapse(self._clock())

    def lost(self) -> None:
        """See ObsPart."""
        self._talking.stop_all()

    def _hear(self, levels: dict[str, float]) -> None:
        audible = {name: levels.get(now, 0.0) for name, now in self._called.items() if now not in self._muted}
        self._levels, self._heard_at = audible, self._clock()
        self._talking.hear(audible, self._heard_at)

    def _mute(self, name: str, muted: bool) -> None:
        if not muted:
            self._muted.discard(name)
            return
        self._muted.add(name)
        self._stop_inaudible()

    def _rename(self, old: str, new: str) -> None:
        for name in [name for name, now in self._called.items() if now == old]:
            self._called[name] = new
            if name == new:
                log.info("%r has its name back in OBS", name)
            else:
                log.warning("%r is called %r in OBS now and still listened to; correct obs.inputs", name, new)

    def _know(self, inputs: Inputs) -> None:
        before = self._inputs.complaint(self._called.values())
        self._inputs = inputs
        self._stop_inaudible()
        complaint = inputs.complaint(self._called.values())
        if complaint is not None and complaint != before:
            log.warning("%s", complaint)

    def _stop_inaudible(self) -> None:
        for name, now in self._called.items():
            if now in self._muted or now not in self._inputs.names:
                self._talking.stop(name)
