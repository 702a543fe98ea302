"""What becomes of a message, in words for who wrote it. Pure; no word of what anybody wrote."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from relay.model import Outcome, Settlement
from relay.moderation.quiet import LEFT_OUT


class Halt(StrEnum):
    """Why nothing is told at the moment, in words."""

    PAUSED = "a moderator has paused what is told"
    OFF_STREAM = "nothing is streamed"
    QUIET_HOURS = "these are quiet hours"
    AWAY = "the companion is away"

    @property
    def code(self) -> str:
        """For programs."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """How a message waits."""

    seconds_left: float
    """How long it is worth an answer."""
    ahead: int | None = None
    """Messages that go before it; None when it is drawn by lot."""
    others: int = 0
    """All that wait besides it."""
    is_held: bool = False
    """A moderator decides on it."""
    halt: Halt | None = None
    """Why nothing is told at the moment."""


def waits(place: QueuePlace, name: str) -> str:
    """What a message waits for that is to be told to `name`."""
    if place.is_held:
        return "It waits for a moderator to look at it."
    left = f"It is worth waiting for up to {_span(place.seconds_left)} more."
    if place.halt:
        return f"It waits: {place.halt}. {left}"
    if place.ahead is None:
        return (
            f"It is in the draw with {_others(place.others)}: more is written than {name} can answer. {left}"
            if place.others
            else f"It is next to be told to {name}."
        )
    return f"It is next to be told to {name}." if not place.ahead else f"{_before(place.ahead)} before it. {left}"


def ended(settlement: Settlement, name: str, prefix: str) -> str:
    """How a message ended that was for `name`; `prefix` is what commands begin with."""
    reason = settlement.reason
    for outcome, pattern, words in _WORDS:
        if outcome is settlement.outcome and re.match(pattern, reason):
            return words.format(name=name, prefix=prefix)
    return _OTHERWISE[settlement.outcome].format(name=name)


def ago(seconds: float) -> str:
    """How long ago, roughly."""
    return "just now" if seconds < 5 else f"{_span(seconds)} ago"


def _span(seconds: float) -> str:
    whole = max(1, round(seconds))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if whole >= 2 * size:
            return f"{whole // size} {unit}s"
    return f"{whole} seconds" if whole > 1 else "a second"


def _others(count: int) -> str:
    return "one other" if count == 1 else f"{count} others"


def _before(count: int) -> str:
    return "One message goes" if count == 1 else f"{count} messages go"


_WORDS: Final = tuple((Outcome(outcome), pattern, words) for outcome, pattern, words in (
    ("forwarded", r".*unconfirmed", "It was sent to {name}, and the connection broke: it probably arrived."),
    ("merged", "same as ", "Somebody had just written the same, so it counts together with that."),
    ("merged", "the companion was told the same", "{name} had been told the same a moment before."),
    ("merged", "counted: ", "The whole room wrote the same, so it was counted with the others."),
    ("expired", "the viewer wrote something newer", "You wrote something newer, which took its place."),
    ("expired", "waited too long", "It waited too long: more was written than {name} could answer."),
    ("expired", "passed over: ", "Others were drawn: more was written than {name} could answer."),
    ("dropped", "the viewer asked to be", "You asked for it: it was taken back before it was told."),
    ("dropped", ".*deleted", "It was deleted, so it was not told."),
    ("dropped", ".*(timed out|banned)", "A moderator took your messages back."),
    ("dropped", "its answer was stopped", "It was stopped before {name} was told of it."),
    ("dropped", ".*cleared", "A moderator cleared all that waited."),
    ("rejected", re.escape(LEFT_OUT), "You asked to be left out. {name} hears you again after {prefix}listen."),
    ("rejected", "rate: .*one viewer", "You wrote faster than {name} listens to one person. Wait a moment."),
    ("rejected", "rate: ", "Too much of this kind came at once."),
    ("rejected", "mode: only mentions", "At the moment {name} hears only messages with its name."),
    ("rejected", "mode: only subscribers", "At the moment {name} hears only subscribers."),
    ("rejected", "muted by a moderator|blocked viewer", "You are not heard here; ask a moderator."),
    ("rejected", "only from ", "What you did is not for everybody here."),
    ("rejected", "too long", "It was too long. Write it shorter."),
    ("rejected", "hidden characters", "It held characters that nobody sees. Write it without them."),
    ("rejected", "a command for a bot", "It began like a command, and it is none of mine."),
    ("rejected", "repeated|repetition|copy-pasta", "It repeated itself, or what was written before."),
    ("rejected", "caps", "It was all in capitals. Write it without shouting."),
    ("rejected", "emotes only", "It was made of emotes alone."),
    ("rejected", "language", "It is in a script that is not read here."),
    ("rejected", "link", "It held a link, and links are not passed on."),
    ("rejected", "blocked term", "It held a word that is not passed on."),
    ("rejected", "turned off in the settings", "The streamer has turned this off."),
    ("rejected", "rejected by a moderator", "A moderator decided not to pass it on."),
    ("rejected", "has followed before", "You followed before, and that was told then."),
    ("rejected", "bot$", "It came from a bot."),
    ("rejected", "wrong arguments", "The command was not written right. {prefix}commands and its name show how."),
    ("rejected", "the command is gone", "There is no such command any more."),
    ("rejected", "cooldown", "The command was not ready again yet."),
    ("rejected", "used up", "The command was used as often as one stream allows."),
    ("rejected", "too few bits", "The command costs more bits than you sent."),
    ("rejected", "not for who has written", "The command is only for those who have written here before."),
    ("rejected", "followed too lately", "The command is only for those who have followed for longer."),
    ("held", "nobody decided", "A moderator had to look at it first, and nobody came to it in time."),
))  # fmt: skip
"""By outcome and the beginning of its reason."""
_OTHERWISE: Final = {
    Outcome.FORWARDED: "{name} was told.",
    Outcome.MERGED: "It was told together with others who wrote the same.",
    Outcome.HELD: "A moderator has to look at it first.",
    Outcome.REJECTED: "It was not passed on.",
    Outcome.EXPIRED: "It was not told: it waited too long.",
    Outcome.DROPPED: "It was taken back before it was told.",
    Outcome.ANSWERED: "I answered it myself.",
}
