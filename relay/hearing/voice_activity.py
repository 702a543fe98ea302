"""Whether one person speaks: a pure state machine of loudness, likelihood and time.

A sound is told at once, as what may be speech; it is speech once the detector has found enough of it. Sound of which
no speech comes is noise, and from then on only what is louder than it, or speech, begins anything: a fan or a
keyboard is heard once.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from relay.config import HearingSection
from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE, VoiceState
from relay.hearing.detector import SILENT

BLOCK: Final = BLOCK_SAMPLES / HEARING_RATE
"""Seconds of what is judged at once."""
GAP: Final = 0.2
"""Seconds without a sound after which a sound is over."""
LENIENCE: Final = 0.15
"""How much less likely than `confidence` speech may be that goes on, as Silero's own makers have it."""
MARGIN: Final = 6.0
"""Decibels by which a sound has to be louder than known noise to be told before it is known to be speech."""
LOUDEST_BAR: Final = -20.0
"""dBFS; people who talk are mostly louder, and always heard at once."""
FORGIVING: Final = 1.0
"""Decibels a second by which known noise is forgotten."""


@dataclass(frozen=True, slots=True)
class Bar:
    """How loud a sound has to be that may be speech: known noise raises the gate for a while."""

    gate: float
    """dBFS, as is `level`."""
    level: float
    since: float

    def at(self, now: float) -> float:
        """dBFS."""
        return max(self.gate, self.level - FORGIVING * (now - self.since))


class VoiceActivity:
    """One person's voice. Times are seconds of any clock that does not go back."""

    def __init__(self, settings: HearingSection, gate: float, ends_after: Callable[[], float]) -> None:
        """`gate` in dBFS: what is quieter is silence. `ends_after` is asked how much silence ends a turn now."""
        self.state = VoiceState.QUIET
        self._settings = settings
        self._gate = gate
        self._ends_after = ends_after
        starting = settings.starting if settings.detector == "neural" else BLOCK
        self._enough = max(1, math.ceil(starting / BLOCK - 1e-6))
        self.bar = Bar(gate, gate, 0.0)
        """Another one whenever noise is known better."""
        self._found = 0
        """Blocks of speech lately, less those of anything else."""
        self._loudest = SILENT
        self._may_be_speech = False
        """The detector found some in the sound that goes on."""
        self._began_at = self._loud_at = self._spoke_at = -math.inf

    def wants_likelihood(self, loudness: float) -> bool:
        """Whether the detector has to judge a block this loud, in dBFS."""
        return loudness >= self._gate or self.state is not VoiceState.QUIET

    def sounds(self, now: float) -> Iterator[VoiceState]:
        """Something was heard that may be speech, by somebody quicker. Gives the states entered."""
        if self.state is VoiceState.QUIET:
            yield self._start(now)
        self._loud_at = now

    def hear(self, loudness: float, likelihood: float, now: float) -> Iterator[VoiceState]:
        """The next block, which ends `now`: its loudness in dBFS, how likely it is speech. Gives the states entered."""
        is_loud, is_speech = loudness >= self._gate, likelihood >= self._settings.confidence
        self._found = max(0, self._found + 1 if is_speech and is_loud else self._found - 1)
        self._may_be_speech |= is_speech
        if is_loud:
            self._loud_at = now
            if self.state in (VoiceState.SPEAKING, VoiceState.STOPPING):
                self._go_on(likelihood, now)
            else:
                yield from self._begin(loudness, now)
        yield from self.wait(now)

    def wait(self, now: float) -> Iterator[VoiceState]:
        """Time has passed. Gives the states entered."""
        silent = now - self._spoke_at
        match self.state:
            case VoiceState.STARTING if self._is_noise(now):
                yield self._enter(VoiceState.QUIET)
            case VoiceState.SPEAKING if silent >= self._settings.stopping:
                yield self._enter(VoiceState.STOPPING)
                yield from self.wait(now)
            case VoiceState.STOPPING if silent < self._settings.stopping:
                yield self._enter(VoiceState.SPEAKING)
            case VoiceState.STOPPING if silent >= self._ends_after():
                yield self._enter(VoiceState.QUIET)

    def hush(self, now: float) -> Iterator[VoiceState]:
        """It is known that they are silent now. Gives the states entered."""
        self._loud_at = -math.inf
        self._spoke_at = min(self._spoke_at, now - self._settings.stopping)
        yield from self.wait(now)

    def _begin(self, loudness: float, now: float) -> Iterator[VoiceState]:
        self._loudest = max(self._loudest, loudness) if self.state is VoiceState.STARTING else loudness
        if self._found >= self._enough:
            self._spoke_at = now
            yield self._enter(VoiceState.SPEAKING)
        elif self.state is VoiceState.QUIET and loudness >= self.bar.at(now):
            yield self._start(now)
        elif self.state is VoiceState.QUIET and not self._found and loudness + MARGIN > self.bar.at(now):
            self._learn(loudness, now)

    def _go_on(self, likelihood: float, now: float) -> None:
        is_going_on = self.state is VoiceState.SPEAKING
        if likelihood >= self._settings.confidence - (LENIENCE if is_going_on else 0.0):
            self._spoke_at = now

    def _start(self, now: float) -> VoiceState:
        self._began_at, self._may_be_speech = now, self._found > 0
        return self._enter(VoiceState.STARTING)

    def _is_noise(self, now: float) -> bool:
        """Whether the sound is over, or has gone on for too long without a word."""
        is_over, is_endless = now - self._loud_at >= GAP, now - self._began_at >= self._settings.doubt
        if not self._may_be_speech and (is_over or is_endless):
            self._learn(self._loudest, now)
        return is_over or is_endless

    def _learn(self, loudness: float, now: float) -> None:
        """This loud is noise."""
        self.bar = Bar(self._gate, max(self.bar.at(now), min(loudness + MARGIN, LOUDEST_BAR)), now)

    def _enter(self, state: VoiceState) -> VoiceState:
        if state is VoiceState.QUIET:
            self._loudest, self._found = SILENT, 0
        self.state = state
        return state
