"""The moment somebody begins: found in the thread that reads the socket, before anybody judges what it was."""

from collections.abc import Callable
from typing import Final, Protocol

from relay.hearing.detector import loudness
from relay.hearing.voice_activity import GAP, Bar

SILENCES: Final = 5
"""Frames of silence with which a client says that its person is done."""


class Begin(Protocol):
    """Told that a person begins to be heard, in the thread that reads the socket. Has to be quick."""

    def __call__(self, user: int, /) -> None: ...


class Follow(Protocol):
    """Takes everybody's sound, in the thread that reads the socket. Has to be quick."""

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        """See Heard."""

    def hush(self, user: int) -> None:
        """Their client says that they are done."""


class Onsets:
    """Everybody's loudness, packet by packet."""

    def __init__(
        self,
        gate: float,
        *,
        hears: Callable[[int], bool],
        began: Begin,
        follow: Follow,
        clock: Callable[[], float],
        may_echo: Callable[[int, float], bool] = lambda user, now: False,
    ) -> None:
        """`gate` in dBFS: what is quieter does not begin anything. `may_echo` tells of whom what is heard now may be
        the companion's own voice: that is for others to judge, who take longer.
        """
        self._gate = gate
        self._hears = hears
        self._began = began
        self._follow = follow
        self._clock = clock
        self._may_echo = may_echo
        self._heard_at: dict[int, float] = {}
        self._silences: dict[int, int] = {}
        self.bars: dict[int, Bar] = {}
        """How loud those have to be of whom noise is known. Written by the event loop."""

    # The thread that reads the socket

    def hears(self, user: int) -> bool:
        """See Heard."""
        return self._hears(user)

    def sound(self, user: int, timestamp: int, pcm: bytes) -> None:
        """See Heard."""
        self._silences[user] = 0
        try:
            now = self._clock()
            if loudness(pcm) >= self._least(user, now) and not self._may_echo(user, now):
                is_new = now - self._heard_at.get(user, float("-inf")) > GAP
                self._heard_at[user] = now
                if is_new:
                    self._began(user)
        finally:
            self._follow.sound(user, timestamp, pcm)

    def silence(self, user: int) -> None:
        """See Heard."""
        self._silences[user] = silences = self._silences.get(user, 0) + 1
        if silences == SILENCES:
            self._heard_at.pop(user, None)
            self._follow.hush(user)

    def _least(self, user: int, now: float) -> float:
        bar = self.bars.get(user)
        return self._gate if bar is None else bar.at(now)

    # The event loop

    def forget(self, user: int) -> None:
        """They left."""
        for known in (self._heard_at, self._silences, self.bars):
            known.pop(user, None)
