"""Tells when the answers to commands are over, from which some of their cooldowns count, and what was not done."""

from collections.abc import Callable, Sequence
from typing import Final

from relay.commands.gate import CommandGate
from relay.model import Forward, Outcome, Settlement

DONE: Final = (Outcome.FORWARDED, Outcome.MERGED, Outcome.ANSWERED)
"""How a use ends that counts as one."""


class AnswerWatch:
    """Hears what becomes of uses; returns at once. `is_answering`: the companion is, or is about to."""

    def __init__(self, commands: CommandGate, is_answering: Callable[[], bool], clock: Callable[[], float]) -> None:
        """`clock` gives seconds since the epoch, as messages have them."""
        self._commands = commands
        self._is_answering = is_answering
        self._clock = clock
        self._asked: set[str] = set()

    def asking(self, forward: Forward) -> None:
        """What expects an answer is on its way."""
        self._asked.update(filter(self._commands.is_resting, forward.keys))

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """Messages have their outcomes. One that is not answered rests from now on, and may count for nothing."""
        for each in settlements:
            if each.outcome not in DONE:
                self._commands.undone(each.key)
            if each.outcome is not Outcome.FORWARDED or each.key not in self._asked:
                self._over(each.key)

    def given_up(self, forward: Forward) -> None:
        """Nothing answers it."""
        for key in forward.keys:
            self._commands.undone(key)

    def look(self) -> None:
        """Something has changed about who speaks."""
        if self._asked and not self._is_answering():
            for key in list(self._asked):
                self._over(key)

    def _over(self, key: str) -> None:
        self._asked.discard(key)
        if self._commands.is_resting(key):
            self._commands.over(key, self._clock())
