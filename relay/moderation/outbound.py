"""What the companion says, made fit to be posted or spoken: it can be talked into anything."""

import logging
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from relay.moderation.personal import foreign_links, mask_links, mask_personal_data
from relay.settings import OutboundSection
from relay.terms import terms_for

log = logging.getLogger(__name__)

_COMMAND_START: Final = re.compile(r"^[\s/.!\\\u2044\u2215\uff0f\u29f8]+")
_ELLIPSIS: Final = re.compile(r"^\s*\.{3,}")
_BROADCAST: Final = re.compile(r"@(?=everyone\b|here\b)", re.IGNORECASE)


class Action(StrEnum):
    PASS = "pass"
    MASK = "mask"
    HOLD = "hold"
    """A moderator decides."""
    DROP = "drop"


_STRICTEST_FIRST: Final = (Action.DROP, Action.HOLD, Action.MASK)


@dataclass(frozen=True, slots=True)
class Screened:
    """One sentence after the filters."""

    action: Action
    text: str
    """What may be said if it is let through: masked where the action is MASK or HOLD, else as it was."""
    reason: str = ""


class Outbound:
    """Judges sentence by sentence, so that speech is judged before it is heard."""

    def __init__(self, settings: OutboundSection) -> None:
        self._settings = settings

    def judge(self, sentence: str) -> Screened:
        """What becomes of a sentence. A filter that fails holds it: nobody knows what it would have found."""
        if not self._settings.enabled:
            return Screened(Action.PASS, sentence)
        try:
            return self._judge(sentence)
        except Exception:
            log.exception("a filter failed; the sentence is held")
            return Screened(Action.HOLD, sentence, "a filter failed")

    def _judge(self, sentence: str) -> Screened:
        settings = self._settings
        hits: list[tuple[Action, str]] = []
        text = sentence
        if settings.blocked_terms and (term := terms_for(settings.blocked_terms).find(sentence)):
            hits.append((Action(settings.blocked_terms_are), "blocked term"))
            text = _without(text, term) if settings.blocked_terms_are == "mask" else text
        if settings.links != "pass" and foreign_links(sentence, settings.allowed_links):
            hits.append((Action(settings.links), "link"))
            text = mask_links(text, settings.allowed_links) if settings.links == "mask" else text
        if settings.personal_data != "pass" and (masked := mask_personal_data(text)) != text:
            hits.append((Action(settings.personal_data), "personal data"))
            text = masked if settings.personal_data == "mask" else text
        action = next((a for a in _STRICTEST_FIRST if a in [hit for hit, _ in hits]), Action.PASS)
        return Screened(action, text, ", ".join(reason for _, reason in hits))


def fit_to_post(text: str) -> str:
    """The text without control characters, mass mentions or a start that a chat would read as a command.

    "" when nothing remains.
    """
    shown = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return _COMMAND_START.sub("", _ELLIPSIS.sub("…", _BROADCAST.sub("@\u200b", shown))).strip()


def _without(text: str, term: str) -> str:
    """The text with the term masked; all of it, when the term was disguised."""
    masked = re.sub(re.escape(term), "***", text, flags=re.IGNORECASE)
    return masked if masked != text else "***"
