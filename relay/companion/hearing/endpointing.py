"""Where in a client's stream of sound somebody speaks: the relay's own ear for one voice, by the time of the stream."""

import math
from dataclasses import dataclass
from typing import Final

from relay.config import HearingSection
from relay.hearing.base import Detector, PersonListener, VoiceState
from relay.hearing.person import BLOCK_BYTES, LEAD_IN, PersonVoice
from relay.hearing.person import LONGEST as LONGEST_TURN
from relay.hearing.resampling import Resampler
from relay.hearing.voice_activity import BLOCK

GATE: Final = -50.0
"""Loudness of speech, at least, in dBFS (RMS). Quiet speech is about -35, a quiet room -60."""
HANGOVER: Final = 0.8
"""Seconds of silence that end an utterance, at least; pauses within a sentence are mostly shorter."""
LONGER: Final = 0.3
"""Seconds by which that silence is longer than `hearing.turn`: what the relay sends are whole turns, with pauses as
long as that in them, and none is cut again.
"""
LONGEST: Final = LONGEST_TURN + 2 * LEAD_IN
"""Seconds after which an utterance is cut, which bounds what is kept: a little more than the relay's longest turn, as
silence before it is part of it here.
"""


@dataclass(frozen=True)
class Began:
    """Somebody speaks."""


@dataclass(frozen=True)
class Utterance:
    """Somebody spoke."""

    pcm: bytes
    """Mono, signed 16 bit little-endian, at `HEARING_RATE`."""


class Endpointer:
    """Takes samples as they come, in pieces of any size: mono, signed 16 bit little-endian, `rate` a second."""

    def __init__(self, rate: int, detector: Detector, settings: HearingSection) -> None:
        self.hangover = max(HANGOVER, settings.turn + LONGER)
        """Seconds of silence that end an utterance."""
        self._lowered = Resampler(rate)
        self._turn = _StreamTurn()
        self._voice = PersonVoice(
            "client",
            self._turn,
            detector,
            settings=settings,
            gate=GATE,
            ends_after=lambda: self.hangover,
            longest=LONGEST,
        )
        self._half = b""
        """The first byte of a sample that came in two pieces."""
        self._rest = b""
        self._blocks = 0
        """Those that passed, so that time goes as the stream does, however fast and in whatever pieces it comes."""

    @property
    def is_open(self) -> bool:
        """Whether somebody speaks."""
        return self._voice.state in (VoiceState.SPEAKING, VoiceState.STOPPING)

    def feed(self, pcm: bytes) -> list[Began | Utterance]:
        """What the samples bring about."""
        data = self._half + pcm
        end = len(data) - len(data) % 2
        self._half = data[end:]
        self._hear(self._lowered.convert(data[:end]))
        return self._turn.take()

    def flush(self) -> list[Began | Utterance]:
        """What comes of there being no more for now: the utterance that is not over ends."""
        self._hear(bytes(-len(self._rest) % BLOCK_BYTES))
        self._blocks += math.ceil((self.hangover + 1) / BLOCK)
        self._voice.wait(self._blocks * BLOCK)
        return self._turn.take()

    def _hear(self, pcm: bytes) -> None:
        data = self._rest + pcm
        end = len(data) - len(data) % BLOCK_BYTES
        self._rest = data[end:]
        for at in range(0, end, BLOCK_BYTES):
            self._blocks += 1
            self._voice.feed(data[at : at + BLOCK_BYTES], self._blocks * BLOCK)


class _StreamTurn:
    """What the voice says in this turn, and what has come of it since it was last asked for."""

    def __init__(self) -> None:
        self._said: list[bytes] = []
        self._events: list[Began | Utterance] = []

    def take(self) -> list[Began | Utterance]:
        events, self._events = self._events, []
        return events

    # See PersonListener

    def sound_began(self, who: str) -> None: ...

    def was_noise(self, who: str) -> None: ...

    def speech_began(self, who: str) -> None:
        self._events.append(Began())

    def speech(self, who: str, pcm: bytes) -> None:
        self._said.append(pcm)

    def speech_paused(self, who: str) -> None: ...

    def speech_resumed(self, who: str) -> None: ...

    def turn_ended(self, who: str) -> None:
        self._events.append(Utterance(b"".join(self._said)))
        self._said = []

    def turn_cut(self, who: str) -> None:
        self.turn_ended(who)
        self.speech_began(who)


_: type[PersonListener] = _StreamTurn
