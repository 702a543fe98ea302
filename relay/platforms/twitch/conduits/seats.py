"""Which shards a process serves, so that every one is served by somebody and nobody takes them from each other. Pure.

Twitch itself is what all processes share: it lists which session serves a shard, and the last one put there counts.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from relay.platforms.twitch.conduits.conduit import ConduitShard

STAND_IN_AFTER = 3.0
"""Seconds a shard of somebody else's may be unserved; who lost it by a broken connection has it back before that."""


@dataclass(frozen=True)
class Moves:
    """What is to be done about the shards, by their numbers."""

    take: Sequence[int]
    leave: Sequence[int]
    """Another session serves them, or Twitch has given this one up."""


class Seats:
    """Knows what became of the shards so far."""

    def __init__(self, own: Collection[int], clock: Callable[[], float]) -> None:
        """`own` are served from the start, and back after each break of the line. For others this process stands in."""
        self._own = frozenset(own)
        self._clock = clock
        self._claimed = set(own)
        """To be taken even from somebody who serves them, once: then others let go, and do not take them back."""
        self._gone: set[str] = set()
        """Our sessions that are over, whatever Twitch still lists."""
        self._unserved: dict[int, float] = {}
        """Since when, of what nobody serves."""

    def lost(self, number: int, sessions: Collection[str]) -> None:
        """Our connection for a shard has ended."""
        self._gone |= set(sessions)
        if number in self._own:
            self._claimed.add(number)

    def moves(self, shards: Sequence[ConduitShard], held: Mapping[int, Collection[str]]) -> Moves:
        """`held` are the session ids under which Twitch may list what this process serves."""
        self._gone &= {shard.session for shard in shards}
        leave = [shard.number for shard in shards if shard.number in held and not _serves(shard, held[shard.number])]
        return Moves([shard.number for shard in shards if self._is_ours_to_take(shard, held)], leave)

    def _is_ours_to_take(self, shard: ConduitShard, held: Mapping[int, Collection[str]]) -> bool:
        number, is_ours = shard.number, shard.session in self._gone
        if (shard.is_enabled or shard.is_pending) and not is_ours:
            self._unserved.pop(number, None)
            return number in self._claimed and number not in held
        since = self._unserved.setdefault(number, self._clock())
        return is_ours or number in self._own or self._clock() - since >= STAND_IN_AFTER

    def taken(self, number: int) -> None:
        """This process serves it now."""
        self._claimed.discard(number)
        self._unserved.pop(number, None)


def _serves(shard: ConduitShard, sessions: Collection[str]) -> bool:
    return shard.is_enabled and shard.session in sessions
