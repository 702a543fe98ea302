"""One stream's packets in the order they were said, each once."""

from collections.abc import Iterator
from typing import Final

from relay.platforms.discord.hearing.rtp import Packet

DEPTH: Final = 3
"""Packets held back while an earlier one is missing: 60 ms, more than networks usually reorder."""
NEAR: Final = 100
"""Packets between two numbers that still belong together; farther apart the stream has begun anew."""


class ReorderBuffer:
    """Hands packets on at once while none is missing."""

    def __init__(self) -> None:
        self._begun = False
        self._next = 0
        self._early: dict[int, Packet] = {}

    def push(self, packet: Packet) -> Iterator[Packet]:
        """The packets whose turn it is now. Late ones and duplicates are dropped."""
        ahead = self._ahead(packet.sequence)
        if not self._begun or abs(ahead) > NEAR:
            self._early.clear()
            self._begun, self._next, ahead = True, packet.sequence, 0
        if ahead < 0:
            return
        self._early.setdefault(packet.sequence, packet)
        if len(self._early) > DEPTH:
            self._next = min(self._early, key=self._ahead)
        while (due := self._early.pop(self._next, None)) is not None:
            self._next = (due.sequence + 1) & 0xFFFF
            yield due

    def _ahead(self, sequence: int) -> int:
        """How many packets lie between the one that is due and this one; negative when it is late."""
        return (sequence - self._next + 0x8000 & 0xFFFF) - 0x8000
