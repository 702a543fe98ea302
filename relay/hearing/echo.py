"""Whether what is heard from a person is only the companion's own voice, back from their loudspeakers.

Nothing is cancelled. What is heard is compared with what was played, band by band and block by block, and what is more
than an echo could be is somebody's own sound, also while the companion speaks. How much comes back and how late is
learned of each person as they are heard. Powers are compared and not samples, since a call wanders in speed.
"""

from collections import deque
from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.hearing.base import BLOCK_SAMPLES, HEARING_RATE
from relay.hearing.played import PlayedSound
from relay.hearing.spectra import BANDS, HOP, Powers, Reference, powers_of

REACH: Final = 0.6
"""Seconds between playing and hearing that are looked through: 500 ms and what a codec adds."""
CERTAIN: Final = 2.0
"""Seconds of echo from one person after which it is certain that they use loudspeakers."""

_SUSPECT: Final = 0.1
"""Seconds of it after which it is likely to come again."""
_BLOCK: Final = BLOCK_SAMPLES / HEARING_RATE
_LAGS: Final = round(REACH / HOP)
_WINDOW: Final = 24
"""Blocks that are compared: three quarters of a second."""
_ENOUGH: Final = 8
"""Blocks that have to be there to compare."""
_GAP: Final = 0.25
"""Seconds without a block after which what comes is no late packet."""
_LATE: Final = 12
"""Blocks of which the earliest tells when the others were due: packets of 400 ms that come late at once."""
_ALIKE: Final = 0.62
"""Correlation from which on it is an echo. Measured over 48 clips: echoes have 0.64 to 0.98, other voices 0.3."""
_UNLIKE: Final = 0.5
"""Correlation below which it is none."""
_MARGIN: Final = 10**0.9
"""How far above its mean strength an echo may be in one block and band: 9 dB."""
_OWN_SHARE: Final = 0.5
"""Share of a block's power that no echo explains, from which on it is somebody's own sound."""
_UNKNOWN: Final = 10**-0.8
"""How strong an echo is taken to be before anything was heard of it: 8 dB weaker than what is played."""
_WEAKEST: Final = 10**-3.5
"""How weak it is taken to be at least."""
_RISE: Final = 0.2
"""Share of the way to a greater strength that is gone in a block."""
_DECAY: Final = 10**-0.16
"""How much weaker a room gets in one `HOP`: a reverberation of 0.6 s."""
_AROUND: Final = 2
"""Frames by which the delay may be off: 32 ms either way."""
_FLOOR: Final = 1e6
"""Power of a band below which it counts as silent: with all bands at it, about -70 dBFS."""

_FADING: Final = _DECAY ** np.arange(_LAGS, dtype=np.float32)


class Echo:
    """One person's. Asked for each block, in the order heard and in one thread."""

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._window = _Window()
        self._strength = np.full(BANDS, _UNKNOWN)
        """How much of each band comes back, as a ratio of powers."""
        self._delay: int | None = None
        """Frames; None while it is not known."""
        self._due = _Due()
        self._at = float("-inf")
        self.seconds = 0.0
        """How much echo was heard."""

    def is_echo(self, block: bytes, at: float) -> bool:
        """Whether `BLOCK_SAMPLES` that ended `at` that time of the monotonic clock hold no sound of their own."""
        since, self._at = self._at, at
        if self._reference.was_silent(at - REACH - _BLOCK):
            self._window.clear()
            return False
        if at - since > _GAP:
            self._bridge(since, at)
        at = self._due.of(at)
        heard, played = powers_of(block), self._reference.until(at, _LAGS)
        self._window.add(heard, played)
        alike = self._follow()
        own = np.maximum(0.0, heard - _MARGIN * self._strength * self._expected(played) - _FLOOR).sum()
        is_echo = bool(own <= _OWN_SHARE * heard.sum())
        if is_echo and self._delay is None and self._window.is_loud and alike < _UNLIKE:
            is_echo = False
        if is_echo and alike >= _ALIKE and heard.max() > _FLOOR:
            self.seconds += _BLOCK
        return is_echo

    def _bridge(self, since: float, at: float) -> None:
        """Nothing came for a while: they were silent, and so was any echo."""
        self._due.restart()
        silent = np.zeros(BANDS, np.float32)
        for back in range(min(_WINDOW, int(min(at - since, _GAP + _WINDOW) / _BLOCK)), 0, -1):
            self._window.add(silent, self._reference.until(at - back * _BLOCK, _LAGS))

    def _follow(self) -> float:
        """Learn how late and how strong the echo is. Gives how alike what was heard is to what was played, up to 1."""
        likeness = self._window.likeness()
        best = int(likeness.argmax())
        alike = float(likeness[best])
        if alike >= _ALIKE:
            self._delay = best
        exposed = self._window.exposure(self._delay)
        ratio = np.maximum(self._window.heard.sum(axis=0) / np.maximum(exposed, _FLOOR), _WEAKEST)
        learned = np.minimum(self._strength, ratio)
        if alike >= _ALIKE:
            learned *= (ratio / learned) ** _RISE
        self._strength = np.where(exposed > _FLOOR * _WINDOW, learned, self._strength)
        return alike

    def _expected(self, played: Powers) -> Powers:
        """The strongest that could be heard of each band now, were all of it to come back."""
        if self._delay is None:
            return np.asarray(played.max(axis=0))
        near = played[max(0, self._delay - _AROUND) : self._delay + _AROUND + 1].max(axis=0)
        tail = played[self._delay :]
        return np.asarray(np.maximum(near, (tail * _FADING[: len(tail), None]).max(axis=0)))


class _Due:
    """When blocks were due: packets that come late do not mean that they were said late."""

    def __init__(self) -> None:
        self._offsets: deque[float] = deque(maxlen=_LATE)
        self._count = 0

    def restart(self) -> None:
        self._offsets.clear()

    def of(self, at: float) -> float:
        self._count += 1
        self._offsets.append(at - self._count * _BLOCK)
        return min(self._offsets) + self._count * _BLOCK


class _Window:
    """The last blocks of what was heard, and with each what was played before it at all delays."""

    def __init__(self) -> None:
        self.heard: NDArray[np.float32] = np.zeros((_WINDOW, BANDS), np.float32)
        self._heard_log = np.zeros_like(self.heard)
        self._played = np.zeros((_LAGS, _WINDOW, BANDS), np.float32)
        self._played_log = np.zeros_like(self._played)
        self._squares = np.zeros((_LAGS, _WINDOW), np.float32)
        self._place = self._count = 0

    def clear(self) -> None:
        self._count = 0

    def add(self, heard: Powers, played: Powers) -> None:
        """`played` holds the frames before the block, the newest first."""
        if not self._count:
            for each in (self.heard, self._heard_log, self._played, self._played_log, self._squares):
                each[:] = 0.0
        at = self._place = (self._place + 1) % _WINDOW
        self._count += 1
        self.heard[at], self._heard_log[at] = heard, np.log1p(heard / _FLOOR)
        self._played[:, at], self._played_log[:, at] = played, np.log1p(played / _FLOOR)
        self._squares[:, at] = np.square(self._played_log[:, at]).sum(axis=1)

    @property
    def is_loud(self) -> bool:
        """Whether sound was heard for long enough to tell whose."""
        return int((self.heard.max(axis=1) > _FLOOR).sum()) > 1

    def exposure(self, delay: int | None) -> NDArray[np.float32]:
        """What was played of each band in this time, at that delay; where none is known, at the least of all."""
        if delay is not None:
            return np.asarray(self._played[delay].sum(axis=0))
        return np.asarray(self._played.sum(axis=1).min(axis=0))

    def likeness(self) -> NDArray[np.float32]:
        """The correlation of both at each delay."""
        if self._count < _ENOUGH:
            return np.zeros(_LAGS, np.float32)
        heard, played, count = self._heard_log, self._played_log, _WINDOW
        mean_heard, mean_played = heard.mean(axis=0), played.mean(axis=1)
        together = played.reshape(_LAGS, -1) @ heard.ravel() - count * mean_played @ mean_heard
        heard_alone = np.square(heard).sum() - count * np.square(mean_heard).sum()
        played_alone = self._squares.sum(axis=1) - count * np.square(mean_played).sum(axis=1)
        return np.asarray(together / np.sqrt(np.maximum(heard_alone * played_alone, 1e-3)))


class Echoes:
    """Everybody's. Asked on the event loop, but for `is_likely`."""

    def __init__(self, *sounds: PlayedSound) -> None:
        """`sounds` are what the companion is heard by, and what `follow` adds."""
        self._sounds = list(sounds)
        self._reference = Reference(self._sounds)
        self._people: dict[str, Echo] = {}

    def follow(self, sound: PlayedSound) -> None:
        """The companion is heard by this as well."""
        self._sounds.append(sound)

    def is_echo(self, who: str, block: bytes, at: float) -> bool:
        """See Echo."""
        echo = self._people.get(who) or self._people.setdefault(who, Echo(self._reference))
        return echo.is_echo(block, at)

    def is_likely(self, who: str, now: float) -> bool:
        """Whether what is heard from them now may well be an echo: it was before. May be asked in any thread."""
        echo = self._people.get(who)
        return (
            echo is not None
            and echo.seconds > _SUSPECT
            and not all(each.was_silent(now - REACH) for each in self._sounds)
        )

    def keep(self, people: Collection[str]) -> None:
        """Nobody else is there any more."""
        for who in self._people.keys() - people:
            del self._people[who]

    def loudspeakers(self) -> list[str]:
        """Those who are certain to hear the companion by loudspeakers."""
        return [who for who, echo in self._people.items() if echo.seconds >= CERTAIN]
