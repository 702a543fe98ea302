"""What the companion says, made fit to be posted or spoken: it can be talked into anything."""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

import regex

from relay.config import OutboundSection
from relay.text.blocked_terms import Terms
from relay.text.for_pages import for_pages
from relay.text.links import links
from relay.text.masking import masked, placed
from relay.text.obfuscation import Span
from relay.text.personal_data import personal_data
from relay.text.unicode import SHOWS_NOTHING, one_line

log = logging.getLogger(__name__)

MAX_SENTENCE: Final = 4_000
"""Characters of a sentence that are looked at, as many as the longest message of any chat has; a longer one is held."""
OVERLAP: Final = 100
"""Characters of the sentence before that are looked at again, for what is split between two sentences."""
ACROSS: Final = 500
"""Characters of a sentence that are looked at together with what was before it."""
MAX_ROUNDS: Final = 3
"""Times a sentence is looked at while masking changes it: what stands beside a mask may be a hit now."""

_MENTION: Final = re.compile(r"(?<!@)(?:(?<=\w)@|(?<!\w))(@++)(?=\w)|(<(?:@[!&]?|#))(?=\d{1,20}>)")
"""Signs of a run as one, since looking anew at each of them takes a flood's length squared. A name before it, as in an
e-mail address, takes the first."""
_CONTROL: Final = regex.compile(r"[[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]--[\n\t]]+", regex.V1)
"""Control characters, and those that turn the direction of what follows, so that it reads as something else."""
_NOTHING: Final = rf"{SHOWS_NOTHING}\p{{M}}"
"""Shows nothing where nothing stands before it."""
_NOTHING_FIRST: Final = regex.compile(rf"^[{_NOTHING}\s]+", regex.V1)
_ELLIPSIS: Final = re.compile(r"^\.{3,}")
_COMMAND_START: Final = regex.compile(
    rf"^(?:[{_NOTHING}\s/.!\\\u01c3\u2044\u2215\ufe52\ufe57\uff01\uff0e\uff0f\u29f8]|[-?$%&+;=^>~|](?=[{_NOTHING}]*\p{{L}}))+",
    regex.V1,
)
"""What chats and bots take for the start of a command; rarer signs only where a word follows at once."""
_BROADCAST: Final = re.compile(r"@(?=everyone\b|here\b)", re.IGNORECASE)


class OutboundAction(StrEnum):
    PASS = "pass"
    MASK = "mask"
    HOLD = "hold"
    """A moderator decides."""
    DROP = "drop"


_STRICTEST_FIRST: Final = (OutboundAction.DROP, OutboundAction.HOLD, OutboundAction.MASK)


@dataclass(frozen=True, slots=True)
class Screened:
    """One sentence after the filters."""

    action: OutboundAction
    text: str
    """What may be said if it is let through: masked where the action is MASK or HOLD, else as it was."""
    reason: str = ""


class _Rule(NamedTuple):
    action: OutboundAction
    reason: str
    mask: str
    find: Callable[[str], Iterable[Span]]


class Outbound:
    """Judges sentence by sentence, so that speech is judged before it is heard. A relay has one, whoever asks it."""

    def __init__(self, settings: OutboundSection) -> None:
        self.adopt(settings)

    def adopt(self, settings: OutboundSection) -> None:
        """Judge by these from now on."""
        self._enabled = settings.enabled
        rules = (
            _Rule(
                OutboundAction(settings.blocked_terms_are), "blocked term", "***", Terms(settings.blocked_terms).spans
            ),
            _Rule(OutboundAction(settings.links), "link", "(link)", lambda line: links(line, settings.allowed_links)),
            _Rule(OutboundAction(settings.personal_data), for_pages("personal data"), "***", personal_data),
            _Rule(OutboundAction(settings.mentions), "mention", "", _mentions),
        )
        self._rules = [rule for rule in rules if rule.action is not OutboundAction.PASS]

    def judge(self, sentence: str, before: str = "") -> Screened:
        """What becomes of a sentence that follows `before`.

        What begins in the sentence before and ends in this one counts against this one; that one may be spoken already.
        A filter that fails holds the sentence: nobody knows what it would have found.
        """
        if not self._enabled:
            return Screened(OutboundAction.PASS, sentence)
        if len(sentence) > MAX_SENTENCE:
            return Screened(OutboundAction.HOLD, sentence, "too long")
        try:
            return self._judge(sentence, before)
        except Exception:
            log.exception("a filter failed; the sentence is held")
            return Screened(OutboundAction.HOLD, sentence, "a filter failed")

    def offending(self, text: str) -> list[Span]:
        """Where in a text that is held those parts stand that a moderator has to look at."""
        line = one_line(text, MAX_SENTENCE)
        rules = [rule for rule in self._rules if rule.action is OutboundAction.HOLD]
        return placed([span for rule in rules for span in rule.find(line)], line, text)

    def _judge(self, sentence: str, before: str) -> Screened:
        text = one_line(sentence, MAX_SENTENCE)
        if len(text) > MAX_SENTENCE:  # written out, a character can be 18: what is beyond was not looked at
            return Screened(OutboundAction.HOLD, sentence, "too long")
        lead = one_line(before[-OVERLAP:])
        hits: dict[_Rule, None] = {}
        for _ in range(MAX_ROUNDS):
            shown = text
            for rule in self._rules:
                if spans := _ending_in(rule.find, lead, text):
                    hits[rule] = None
                    text = masked(text, spans, rule.mask) if rule.action is OutboundAction.MASK else text
            if text == shown:
                break
        else:
            return Screened(OutboundAction.HOLD, sentence, "does not settle")
        action = next((a for a in _STRICTEST_FIRST if a in [rule.action for rule in hits]), OutboundAction.PASS)
        is_masked = any(rule.action is OutboundAction.MASK for rule in hits)
        return Screened(action, text if is_masked else sentence, ", ".join(rule.reason for rule in hits))


def _ending_in(find: Callable[[str], Iterable[Span]], lead: str, text: str) -> list[Span]:
    """What is found in the text, and its part of what begins in the lead before it."""
    found = list(find(text))
    if lead:
        offset = len(lead) + 1
        both = f"{lead} {text[:ACROSS]}"
        across = [(start, end - offset) for start, end in find(both) if start < len(lead) and end > offset]
        found += [(0, end) for _, end in across]
    return found


def _mentions(line: str) -> Iterable[Span]:
    return (match.span(match.lastindex or 0) for match in _MENTION.finditer(line))


def fit_to_post(text: str) -> str:
    """The text without control characters, mass mentions or a start that a chat would read as a command.

    "" when nothing remains. What is posted in pieces is fitted piece by piece: each begins a message.
    """
    shown = _NOTHING_FIRST.sub("", _CONTROL.sub("", text))
    return _COMMAND_START.sub("", _ELLIPSIS.sub("…", _BROADCAST.sub("@\u200b", shown))).strip()
