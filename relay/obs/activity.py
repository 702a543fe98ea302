"""From level meters to who talks. Pure: time comes in as `now`, in seconds of any steady clock."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from relay.speech.base import Speakers

REPEAT = 1.0
"""Seconds between two reports that somebody still talks; the contract of Speakers allows 5."""

SILENCE = 2.0
"""Seconds without a frame after which everybody counts as silent: forty frames of OBS."""


def peaks(frame: object) -> dict[str, float]:
    """The loudest channel of each input in the data of an InputVolumeMeters event; 1.0 is full scale.

    Of [magnitude, peak, input peak] it is the peak: behind the fader and zero while muted, as OBS's mixer shows it;
    the input peak would also hear a muted microphone. What cannot be read counts as silence.
    """
    return {
        meter["inputName"]: max(map(_peak, _list(meter.get("inputLevelsMul"))), default=0.0)
        for meter in _list(frame.get("inputs") if isinstance(frame, dict) else None)
        if isinstance(meter, dict) and isinstance(meter.get("inputName"), str)
    }


def _peak(channel: object) -> float:
    match channel:
        case [_, float() | int() as peak, *_] if math.isfinite(peak):
            return float(peak)
    return 0.0


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


@dataclass
class _Talker:
    loud_at: float
    told_at: float


class MicrophoneActivity:
    """Tells `speakers` who began to talk, still does, and stopped.

    A speaker is `microphone:<input>`. It talks from the first frame at or above `threshold` (dBFS) until it was
    below for `release` seconds: pauses between words are bridged by time, so a second, lower threshold is not needed.
    """

    def __init__(self, speakers: Speakers, inputs: Iterable[str], *, threshold: float, release: float) -> None:
        self._speakers = speakers
        self._inputs = tuple(inputs)
        self.threshold = threshold
        self._release = release
        self._talkers: dict[str, _Talker] = {}
        self._frame_at = -math.inf

    @property
    def threshold(self) -> float:
        """In dBFS; another one counts from the next frame."""
        return self._threshold

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._threshold = threshold
        self._least = 10 ** (threshold / 20)

    def __iter__(self) -> Iterator[str]:
        """The inputs that are talked into."""
        return iter(tuple(self._talkers))

    def hear(self, levels: Mapping[str, float], now: float) -> None:
        """Take one frame of peaks (1.0 is full scale); an input that is not in it is silent."""
        self._frame_at = now
        for name in self._inputs:
            if levels.get(name, 0.0) >= self._least:
                self._loud(name, now)
            elif name in self._talkers:
                self._quiet(name, now)

    def _loud(self, name: str, now: float) -> None:
        talker = self._talkers.get(name)
        if talker is None:
            self._talkers[name] = _Talker(now, now)
            self._speakers.speaks(f"microphone:{name}")
        else:
            talker.loud_at = now
            self._repeat(name, talker, now)

    def _quiet(self, name: str, now: float) -> None:
        talker = self._talkers[name]
        if now - talker.loud_at >= self._release:
            self.stop(name)
        else:
            self._repeat(name, talker, now)

    def _repeat(self, name: str, talker: _Talker, now: float) -> None:
        if now - talker.told_at >= REPEAT:
            talker.told_at = now
            self._speakers.speaks(f"microphone:{name}")

    def lapse(self, now: float) -> None:
        """Let time pass: without frames for SILENCE seconds, nobody talks."""
        if now - self._frame_at >= SILENCE:
            self.stop_all()

    def stop(self, name: str) -> None:
        """An input fell silent at once: muted, removed."""
        if self._talkers.pop(name, None) is not None:
            self._speakers.stopped(f"microphone:{name}")

    def stop_all(self) -> None:
        """Nothing can be heard any more."""
        for name in self:
            self.stop(name)
