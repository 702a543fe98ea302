"""The filters on the way in: a chain of small rules, cheap ones first. The first that objects decides."""

import logging
import re
import unicodedata
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from relay.config import FiltersSection
from relay.model import AudienceMessage, Author, Kind, Outcome, Quoted, Role
from relay.moderation.features import TextFeatures, features_of
from relay.moderation.repeats import Repeats
from relay.moderation.roles import rank
from relay.text.blocked_terms import Terms, check_term
from relay.text.links import links
from relay.text.masking import masked, placed
from relay.text.obfuscation import Span
from relay.text.personal_data import personal_data
from relay.text.unicode import MAX_INPUT, count_hidden, folded, one_line

log = logging.getLogger(__name__)

MAX_KNOWN: Final = 100_000
"""Viewers remembered as having written before."""
_BOT_COMMAND: Final = re.compile(r"^[!?$][a-z]\w*", re.IGNORECASE)


class LiveSettings(Protocol):
    """What moderators change while the relay runs."""

    @property
    def muted(self) -> frozenset[str]: ...
    @property
    def blocked_terms(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says against a message."""

    outcome: Outcome
    """REJECTED or HELD."""
    reason: str


@dataclass(frozen=True, slots=True)
class Judgement:
    reading: TextFeatures
    verdict: Verdict | None
    """None: it may be heard."""
    text: str
    """What is told: the original, with masked parts where the rules say so. An event is told without a refused text."""


@dataclass(slots=True)
class _Case:
    message: AudienceMessage
    reading: TextFeatures
    live: LiveSettings
    now: float
    viewer: str
    """`platform:id`."""
    name: str
    """As folded."""
    worded: TextFeatures
    """Without its emotes, which are pictures and no words."""


Rule = Callable[[_Case], Verdict | None]


class Inbound:
    """Judges each message once. Holds what it has to remember of viewers, bounded."""

    def __init__(self, settings: FiltersSection) -> None:
        self.adopt(settings)
        self._repeats = Repeats(within=settings.repeat_within, paste_viewers=settings.paste_viewers)
        self._first_keys: OrderedDict[str, str] = OrderedDict()
        """The key of the first message of each viewer, which stays one however its author changes it."""
        self._terms: Sequence[Terms] = ()
        self._for_all: Sequence[Rule] = (self._muted, self._bot, self._role)
        self._for_viewers: Sequence[Rule] = (*self._for_all, self._name)
        self._for_text: Sequence[Rule] = (
            self._size, self._command, self._repeated, self._caps, self._spam, self._script, self._link, self._term,
            self._newcomer,
        )  # fmt: skip
        self._for_quotes: Sequence[Rule] = (self._muted, self._name, self._size, self._script, self._link, self._term)

    def adopt(self, settings: FiltersSection) -> None:
        """Judge by these from now on. What is remembered for repetitions keeps its limits."""
        self._settings = settings
        self._exempt = frozenset(settings.exempt_roles)
        self._bots = frozenset(map(folded, settings.bots))
        self._blocked = frozenset({*settings.blocked_viewers, *map(folded, settings.blocked_viewers)})
        self._configured = Terms(settings.blocked_terms)
        self._added: tuple[str, ...] | None = None

    def recognise(self, message: AudienceMessage) -> None:
        """Whoever wrote this in chat is known from now on."""
        if message.kind is not Kind.CHAT:
            return
        self._first_keys.setdefault(message.viewer, message.key)
        if len(self._first_keys) > MAX_KNOWN:
            self._first_keys.popitem(last=False)

    def knows(self, viewer: str) -> bool:
        """Whether this viewer has written before."""
        return viewer in self._first_keys

    def judge(self, message: AudienceMessage, live: LiveSettings, now: float) -> Judgement:
        """What becomes of a message; `now` in seconds since the epoch. A filter that fails holds it."""
        reading = features_of(message.text[:MAX_INPUT])
        if not self._settings.enabled:
            return Judgement(reading, None, message.text)
        try:
            return self._judge(message, reading, live, now)
        except Exception:
            log.exception("a filter failed; the message is held")
            return Judgement(reading, Verdict(Outcome.HELD, "a filter failed"), "")

    def offending(self, message: AudienceMessage, live: LiveSettings) -> list[Span]:
        """Where in its text the terms and links stand that a message may be held for."""
        line = one_line(message.text)
        spans = [span for terms in self._terms_for(live) for span in terms.spans(line)]
        if self._settings.links not in ("allow", "mask"):
            spans += links(line, self._settings.allowed_links)
        return placed(spans, line, message.text)

    def refuses(self, message: AudienceMessage, live: LiveSettings) -> str | None:
        """Why not even a moderator's own words may stand in its text; None when they may."""
        if not self._settings.enabled or not message.text:
            return None
        case = _case(message, features_of(message.text[:MAX_INPUT]), live, message.at)
        verdict = self._first((self._size, self._script, self._link, self._term), case)
        return verdict.reason if verdict is not None and verdict.outcome is Outcome.REJECTED else None

    def readable(self, message: AudienceMessage, live: LiveSettings) -> str | None:
        """Its text, masked, as others may read it at once; None when the author or the words may not be shown.

        Nothing of it is remembered: who says the same twice aloud is no flood. A filter that fails lets nothing by.
        """
        if not self._settings.enabled:
            return message.text
        try:
            case = _case(message, features_of(message.text[:MAX_INPUT]), live, message.at)
            exempt = not self._exempt.isdisjoint(message.author.roles)
            refused = self._first(self._for_all if exempt else self._for_quotes, case)
            return self._masked(case, exempt) if refused is None else None
        except Exception:
            log.exception("a filter failed; what was said is not shown")
            return None

    def of_others(self, message: AudienceMessage, live: LiveSettings) -> AudienceMessage:
        """The message without those of the people and texts it names beside its own that could not be heard.

        What remains of the text it replies to is masked as chat is.
        """
        if not self._settings.enabled or not (message.replies_to or message.other):
            return message
        try:
            quoted = self._quotable(message, message.replies_to, live)
            other = message.other and self._namable(message, message.other, live)
        except Exception:
            log.exception("a filter failed; who and what the message names beside its own is left out")
            quoted = other = None
        return message.model_copy(update={"replies_to": quoted, "other": other})

    def _quotable(self, message: AudienceMessage, quoted: Quoted | None, live: LiveSettings) -> Quoted | None:
        if quoted is None:
            return None
        case = _as_chat(message, quoted.author or Author(id="", name=""), quoted.text, live)
        refused = self._first(self._for_quotes, case) is not None
        return None if refused else quoted.model_copy(update={"text": self._masked(case, exempt=False)})

    def _namable(self, message: AudienceMessage, author: Author, live: LiveSettings) -> Author | None:
        case = _as_chat(message, author, "", live)
        return author if self._first((self._muted, self._name), case) is None else None

    def _judge(self, message: AudienceMessage, reading: TextFeatures, live: LiveSettings, now: float) -> Judgement:
        case = _case(message, reading, live, now)
        exempt = not self._exempt.isdisjoint(message.author.roles)
        verdict = self._first(self._for_all if exempt else self._for_viewers, case)
        if verdict is None and message.text and not exempt:
            verdict = self._first(self._for_text, case)
            if verdict is not None and verdict.outcome is Outcome.REJECTED and not message.kind.is_said:
                return Judgement(features_of(""), None, "")
        return Judgement(reading, verdict, self._masked(case, exempt))

    @staticmethod
    def _first(rules: Sequence[Rule], case: _Case) -> Verdict | None:
        for rule in rules:
            if (verdict := rule(case)) is not None:
                return verdict
        return None

    def _masked(self, case: _Case, exempt: bool) -> str:
        line, allowed = case.reading.plain, self._settings.allowed_links
        text = masked(line, personal_data(line), "***") if self._settings.personal_data else line
        if self._settings.links == "mask" and not exempt:
            text = masked(text, links(text, allowed), "(link)")
        return case.message.text if text == line else text

    # For everything an author does

    def _muted(self, case: _Case) -> Verdict | None:
        if case.viewer in case.live.muted or case.name in case.live.muted:
            return _reject("muted by a moderator")
        return _reject("blocked viewer") if case.viewer in self._blocked or case.name in self._blocked else None

    def _bot(self, case: _Case) -> Verdict | None:
        author = case.message.author
        is_bot = Role.BOT in author.roles or case.name in self._bots
        return _reject("bot") if is_bot and case.message.kind.is_said else None

    def _role(self, case: _Case) -> Verdict | None:
        message, of = case.message, self._settings.least_role
        is_redeemed = message.kind is Kind.ASK and message.reward is not None  # and judged as the command it is like
        kinds = (Kind.REDEMPTION, message.kind) if is_redeemed else (message.kind,)
        least = max((of[kind] for kind in kinds if kind in of), key=lambda role: rank({role}), default=Role.VIEWER)
        if rank(message.author.roles) >= rank({least}):
            return None
        return _reject(f"only from {least} up")

    # For viewers

    def _name(self, case: _Case) -> Verdict | None:
        for terms in self._terms_for(case.live):
            if _in_name(terms, case.message.author.name) or _in_name(terms, case.message.detail or ""):
                return _against(self._settings.blocked_terms_are, "blocked term")
        return None

    # For what viewers write

    def _size(self, case: _Case) -> Verdict | None:
        if len(case.message.text) > self._settings.max_length:
            return _reject("too long")
        if case.message.text.isascii():
            return None
        return _reject("hidden characters") if count_hidden(case.message.text) > self._settings.max_hidden else None

    def _command(self, case: _Case) -> Verdict | None:
        is_command = self._settings.bot_commands and case.message.kind is Kind.CHAT
        return _reject("a command for a bot") if is_command and _BOT_COMMAND.match(case.reading.plain) else None

    def _repeated(self, case: _Case) -> Verdict | None:
        if case.message.kind is not Kind.CHAT:
            return None
        reading = case.reading
        if self._repeats.is_repeated(case.viewer, case.message.key, reading.digest, case.now):
            return _reject("repeated")
        is_long = len(reading.plain) >= self._settings.paste_length
        pasted = is_long and self._repeats.is_paste(case.viewer, reading.digest, reading.simhash, case.now)
        return _reject("copy-pasta") if pasted else None

    def _caps(self, case: _Case) -> Verdict | None:
        plain, least = case.worded.plain, self._settings.caps_from
        capitals = 0 if plain.islower() else sum(map(str.isupper, plain))
        if capitals < least * self._settings.max_caps or case.worded.is_noise:
            return None
        letters = sum(map(str.isalpha, plain))
        return _reject("caps") if letters >= least and capitals > letters * self._settings.max_caps else None

    def _spam(self, case: _Case) -> Verdict | None:
        words = case.worded.words
        if not words:
            return _reject("emotes only") if self._settings.emote_only else None
        most = self._settings.max_repeats
        if len(words) - len(set(words)) < most:
            return None
        return _reject("repetition") if max(Counter(words).values()) > most else None

    def _script(self, case: _Case) -> Verdict | None:
        if not self._settings.scripts:
            return None
        strange = next((c for c in case.reading.plain if c.isalpha() and not self._is_allowed_letter(c)), None)
        return _reject("language") if strange else None

    def _is_allowed_letter(self, letter: str) -> bool:
        return unicodedata.name(letter, "").split(" ")[0].lower() in self._settings.scripts

    def _link(self, case: _Case) -> Verdict | None:
        if self._settings.links in ("allow", "mask"):
            return None
        found = next(links(case.reading.plain, self._settings.allowed_links), None)
        return _against(self._settings.links, "link") if found else None

    def _term(self, case: _Case) -> Verdict | None:
        for terms in self._terms_for(case.live):
            if terms.find_in(case.reading.plain, case.reading.skeleton):
                return _against(self._settings.blocked_terms_are, "blocked term")
        return None

    def _terms_for(self, live: LiveSettings) -> Sequence[Terms]:
        """The configured terms and those that moderators have added."""
        if live.blocked_terms is not self._added:
            self._added = live.blocked_terms
            added = Terms([term for term in live.blocked_terms if _is_term(term)])
            self._terms = [terms for terms in (self._configured, added) if terms]
        return self._terms

    def _newcomer(self, case: _Case) -> Verdict | None:
        self.recognise(case.message)
        is_first = self._first_keys.get(case.viewer) == case.message.key
        return _against("hold", "first message") if is_first and self._settings.first_message == "hold" else None


def _case(message: AudienceMessage, reading: TextFeatures, live: LiveSettings, now: float) -> _Case:
    author = message.author
    emotes = frozenset(message.emotes)
    words = [word for word in message.text[:MAX_INPUT].split() if word not in emotes] if emotes else ()
    worded = features_of(" ".join(words)) if emotes else reading
    return _Case(message, reading, live, now, message.viewer, _folded(author.name), worded)


def _as_chat(message: AudienceMessage, author: Author, text: str, live: LiveSettings) -> _Case:
    """As if that had been written by this author, in the message's place."""
    said = message.model_copy(update={"kind": Kind.CHAT, "author": author, "text": text, "detail": None})
    return _case(said, features_of(text), live, message.at)


@lru_cache(10_000)
def _folded(name: str) -> str:
    return folded(name)


@lru_cache(10_000)
def _in_name(terms: Terms, name: str) -> bool:
    return bool(name) and terms.find(name) is not None


def _is_term(term: str) -> bool:
    try:
        check_term(term)
    except ValueError as error:
        log.warning("a blocked term is left out: %s", error)
        return False
    return True


def _reject(reason: str) -> Verdict:
    return Verdict(Outcome.REJECTED, reason)


def _against(action: str, reason: str) -> Verdict:
    return Verdict(Outcome.HELD if action == "hold" else Outcome.REJECTED, reason)
