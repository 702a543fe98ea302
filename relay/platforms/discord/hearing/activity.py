"""Who talks: the moment somebody begins, what of their sound is speech, and when they are done."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

GAP: Final = 0.2
"""Seconds without a sound after which a person is done."""
SILENCES: Final = 5
"""Frames of silence with which a client says that its person is done."""
LEAD_IN: Final = 3
"""Frames kept from before a person counts as talking, so that a soft first consonant is not lost: 60 ms."""
LEAD_IN_SPAN: Final = 2 * LEAD_IN * 960
"""Samples such a frame may lie back; it belongs to something else then."""
FULL_SCALE: Final = 32768.0

Feed = Callable[[int, int, bytes], None]
"""Takes speech: whose, the timestamp of its first sample at 48 kHz, and mono samples of signed 16 bit."""
Hears = Callable[[int], bool]


class Begin(Protocol):
    """Told that a person begins to talk, in the thread that reads the socket. Has to be quick."""

    def __call__(self, user: int, /) -> None: ...


@dataclass(slots=True)
class _Voice:
    heard_at: float = float("-inf")
    silences: int = 0
    lead_in: deque[tuple[int, bytes]] = field(default_factory=lambda: deque(maxlen=LEAD_IN))

    def is_talking(self, now: float) -> bool:
        return now - self.heard_at <= GAP and self.silences < SILENCES


class VoiceActivity:
    """Everybody's voice. Sound comes from the thread that reads the socket; the event loop asks who talks."""

    def __init__(
        self, noise_gate: float, *, hears: Hears, began: Begin, feed: Feed, clock: Callable[[], float]
    ) -> None:
        """`noise_gate` in dBFS: what is quieter does not begin anything, and keeps nothing going."""
        self._power = 10 ** (noise_gate / 10) * FULL_SCALE**2
        self._hears = hears
        self._began = began
        self._feed = feed
        self._clock = clock
        self._voices: dict[int, _Voice] = {}

    # The thread that reads the socket

    def hears(self, user: int) -> bool:
        """See Heard."""
        return self._hears(user)

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        """See Heard. Speech is passed on, noise between is not."""
        voice = self._voices.get(user) or self._voices.setdefault(user, _Voice())
        now = self._clock()
        was_talking = voice.is_talking(now)
        if _power(pcm) >= self._power:
            voice.heard_at, voice.silences = now, 0
        if not voice.is_talking(now):
            voice.lead_in.append((timestamp, pcm))
            return
        try:
            if not was_talking:
                self._began(user)
        finally:
            for before, soft in voice.lead_in:
                if (timestamp - before) & 0xFFFFFFFF <= LEAD_IN_SPAN:
                    self._feed(user, before, soft)
            voice.lead_in.clear()
            self._feed(user, timestamp, pcm)

    def silence(self, user: int) -> None:
        """See Heard."""
        if voice := self._voices.get(user):
            voice.silences += 1
            voice.lead_in.clear()

    # The event loop

    def is_talking(self, user: int) -> bool:
        """Whether they talk now, and may be heard."""
        voice = self._voices.get(user)
        return voice is not None and voice.is_talking(self._clock()) and self._hears(user)

    def forget(self, user: int) -> None:
        """They left."""
        self._voices.pop(user, None)


def _power(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32)
    return float(np.dot(samples, samples)) / max(1, len(samples))
