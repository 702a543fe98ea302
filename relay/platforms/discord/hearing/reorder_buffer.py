"""One stream's packets in the order they were said, each once: a jitter buffer that is as patient as the way is bad."""

from collections.abc import Iterator
from typing import Final

from relay.platforms.discord.hearing.rtp import Packet

DEPTH: Final = 3
"""Packets held back while an earlier one is missing: 60 ms, more than networks usually reorder."""
DEEPEST: Final = 10
"""The same on a way where packets came later than that: 200 ms."""
CALM: Final = 250
"""Packets in a row, five seconds, after which the way is trusted a little more."""
NEAR: Final = 100
"""Packets between two numbers that still belong together; farther apart the stream has begun anew."""


class ReorderBuffer:
    """Hands packets on at once while none is missing."""

    def __init__(self) -> None:
        self._begun = False
        self._next = 0
        self._depth = DEPTH
        self._calm = 0
        self._early: dict[int, Packet] = {}
        self._given_up: set[int] = set()
        """Numbers that were missing when it was their turn, of the last few."""

    def push(self, packet: Packet) -> Iterator[Packet]:
        """The packets whose turn it is now. Those that come too late and duplicates are dropped."""
        ahead = self._ahead(packet.sequence)
        if not self._begun or abs(ahead) > NEAR:
            self._early.clear()
            self._given_up.clear()
            self._begun, self._next, ahead = True, packet.sequence, 0
        if ahead < 0:
            self._came_late(packet.sequence, -ahead)
            return
        self._trust_again()
        self._early.setdefault(packet.sequence, packet)
        if len(self._early) > self._depth:
            self._give_up(min(self._early, key=self._ahead))
        while (due := self._early.pop(self._next, None)) is not None:
            self._next = (due.sequence + 1) & 0xFFFF
            yield due

    def _give_up(self, following: int) -> None:
        self._given_up = {number for number in self._given_up if self._ahead(number) >= -NEAR}
        self._given_up |= {(self._next + number) & 0xFFFF for number in range(self._ahead(following))}
        self._next = following

    def _came_late(self, sequence: int, behind: int) -> None:
        if sequence in self._given_up:
            self._given_up.discard(sequence)
            self._depth, self._calm = min(DEEPEST, max(self._depth, behind + 1)), 0

    def _trust_again(self) -> None:
        self._calm += 1
        if self._calm >= CALM:
            self._depth, self._calm = max(DEPTH, self._depth - 1), 0

    def _ahead(self, sequence: int) -> int:
        """How many packets lie between the one that is due and this one; negative when it is late."""
        return (sequence - self._next + 0x8000 & 0xFFFF) - 0x8000
