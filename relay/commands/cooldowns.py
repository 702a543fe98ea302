"""How long a command rests after a use: for everybody, and for each viewer. Pure; times in seconds since the epoch."""

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Final

from relay.commands.definition import Command
from relay.system.bounded import remember

MAX_ENTRIES: Final = 100_000
"""Viewers' rests remembered; the oldest is forgotten first."""

LONGEST_ANSWER: Final = 900.0
"""Seconds after which a use whose cooldown counts from the end of its answer rests no longer for that."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A command rests."""

    seconds: float
    whose: str
    """For one viewer; "" for everybody."""


class Cooldowns:
    """Remembers uses, and who was told that a command rests."""

    def __init__(self) -> None:
        self._rests: OrderedDict[tuple[str, str], float] = OrderedDict()
        """Until when, by command and viewer; "" for everybody."""
        self._told: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._uses: Counter[str] = Counter()

    def left(self, command: Command, viewer: str, now: float) -> Rest | None:
        """What keeps this viewer from using it; None when they may."""
        seconds = {whose: self._rests.get((command.name, whose), now) - now for whose in ("", viewer)}
        longest = max(seconds, key=seconds.__getitem__)
        return Rest(seconds[longest], longest) if seconds[longest] > 0 else None

    def uses(self, command: Command) -> int:
        """How often in this stream."""
        return self._uses[command.name]

    def used(self, command: Command, viewer: str, now: float) -> None:
        """Somebody uses it now."""
        self._uses[command.name] += 1
        self.over(command, viewer, now + LONGEST_ANSWER if command.rests_from_speech else now)

    def not_used(self, command: Command) -> None:
        """A use in this stream was not carried out."""
        self._uses[command.name] -= 1

    def over(self, command: Command, viewer: str, now: float) -> None:
        """The answer to a use is over, from which its cooldowns count."""
        for whose, seconds in (("", command.cooldown), (viewer, command.viewer_cooldown)):
            if seconds:
                remember(self._rests, (command.name, whose), now + seconds, MAX_ENTRIES)

    def is_news(self, about: str, whom: str, now: float, until: float) -> bool:
        """Whether something was not told yet; it counts as told until then."""
        is_news = self._told.get((about, whom), now) <= now
        if is_news:
            remember(self._told, (about, whom), until, MAX_ENTRIES)
        return is_news

    def begin_stream(self) -> None:
        """A stream begins: uses are counted anew."""
        self._uses.clear()


def longest(command: Command) -> float:
    """Seconds after a use for which the command may rest."""
    rest = max(command.cooldown, command.viewer_cooldown)
    return rest + LONGEST_ANSWER if rest and command.rests_from_speech else rest
