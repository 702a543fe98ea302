"""Who was heard lately and who has been waiting: what makes a choice fair. Pure; times in seconds of one clock."""

import math
import random
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_VIEWERS: Final = 20_000
"""Viewers remembered; the one not seen for longest is forgotten first."""
PACE_HALF_LIFE: Final = 40.0
"""Seconds until a message counts half for its viewer's pace."""
AT_EASE: Final = 4.0
"""Messages a minute that nobody minds."""


@dataclass(slots=True)
class _Viewer:
    heard: float = 0.0
    """How often, each time counting half as much after `half_life`."""
    at: float = 0.0
    waiting_since: float | None = None
    pace: float = 0.0
    paced_at: float = 0.0
    luck: float = 0.0
    luck_until: float = float("-inf")


class Fairness:
    """Remembers viewers for as long as it matters. `half_life` in seconds."""

    def __init__(self, half_life: float) -> None:
        self._half_life = half_life
        self._viewers: OrderedDict[str, _Viewer] = OrderedDict()
        self._platforms: dict[str, float] = {}

    def spoke(self, viewer: str, now: float) -> None:
        """A message of this viewer came in, whatever becomes of it."""
        entry = self._viewer(viewer)
        entry.pace = entry.pace * 0.5 ** ((now - entry.paced_at) / PACE_HALF_LIFE) + 1
        entry.paced_at = now
        if entry.waiting_since is None:
            entry.waiting_since = now

    def pace(self, viewer: str, now: float) -> float:
        """About how many messages this viewer wrote in the last minute."""
        entry = self._viewers.get(viewer)
        return entry.pace * 0.5 ** ((now - entry.paced_at) / PACE_HALF_LIFE) if entry else 0.0

    def was_heard(self, viewer: str, platform: str, now: float) -> None:
        """A message of this viewer was forwarded."""
        entry = self._viewer(viewer)
        entry.heard, entry.at, entry.waiting_since = self.heard_lately(viewer, now) + 1, now, None
        self._platforms[platform] = now

    def luck(self, viewer: str, now: float, lasts: float, source: random.Random) -> float:
        """The viewer's draw, log(-ln U), small is good. It holds for `lasts` seconds, however much they write."""
        entry = self._viewer(viewer)
        if now >= entry.luck_until:
            entry.luck = math.log(-math.log(1.0 - source.random() * (1 - 1e-12) - 1e-13))
            entry.luck_until = now + lasts
        return entry.luck

    def heard_lately(self, viewer: str, now: float) -> float:
        """How much this viewer was heard lately; 1.0 is once just now."""
        entry = self._viewers.get(viewer)
        return entry.heard * 0.5 ** ((now - entry.at) / self._half_life) if entry and entry.heard else 0.0

    def waited(self, viewer: str, now: float) -> float:
        """Seconds since this viewer first spoke without having been heard."""
        entry = self._viewers.get(viewer)
        return now - entry.waiting_since if entry and entry.waiting_since is not None else 0.0

    def platform_waited(self, platform: str, now: float) -> float:
        """Seconds since anybody on this platform was heard; infinite when nobody was."""
        return now - self._platforms.get(platform, float("-inf"))

    def _viewer(self, viewer: str) -> _Viewer:
        entry = self._viewers.get(viewer)
        if entry is None:
            entry = self._viewers[viewer] = _Viewer()
            if len(self._viewers) > MAX_VIEWERS:
                self._viewers.popitem(last=False)
        self._viewers.move_to_end(viewer)
        return entry
