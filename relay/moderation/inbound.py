"""The filters on the way in: a chain of small rules, cheap ones first. The first that objects decides."""

import re
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from relay.model import AudienceMessage, Kind, Outcome, Role
from relay.moderation.personal import foreign_links, mask_links, mask_personal_data
from relay.moderation.reading import Reading, read
from relay.moderation.repeats import Repeats
from relay.settings import FiltersSection
from relay.terms import terms_for
from relay.text import MAX_INPUT, count_hidden, folded

MAX_KNOWN: Final = 100_000
"""Viewers remembered as having written before."""
_BOT_COMMAND: Final = re.compile(r"^[!?$][a-z]\w*", re.IGNORECASE)
_RANKS: Final = (Role.VIEWER, Role.SUBSCRIBER, Role.VIP, Role.MODERATOR, Role.STREAMER)


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
    reading: Reading
    verdict: Verdict | None
    """None: it may be heard."""
    text: str
    """What is told: the original, with masked parts where the rules say so."""


@dataclass(frozen=True, slots=True)
class _Case:
    message: AudienceMessage
    reading: Reading
    live: LiveSettings
    now: float

    @property
    def viewer(self) -> str:
        return f"{self.message.platform}:{self.message.author.id}"


Rule = Callable[[_Case], Verdict | None]


class Inbound:
    """Judges each message once. Holds what it has to remember of viewers, bounded."""

    def __init__(self, settings: FiltersSection) -> None:
        self._settings = settings
        self._bots = frozenset(map(folded, settings.bots))
        self._blocked = frozenset({*settings.blocked_viewers, *map(folded, settings.blocked_viewers)})
        self._repeats = Repeats(
            within=settings.repeat_within, paste_length=settings.paste_length, paste_viewers=settings.paste_viewers
        )
        self._known: OrderedDict[str, None] = OrderedDict()
        self._for_all: Sequence[Rule] = (self._muted, self._bot, self._role)
        self._for_chat: Sequence[Rule] = (
            self._size, self._command, self._repeated, self._caps, self._spam, self._script, self._link, self._term,
            self._newcomer,
        )  # fmt: skip

    def judge(self, message: AudienceMessage, live: LiveSettings, now: float) -> Judgement:
        """What becomes of a message; `now` in seconds since the epoch."""
        reading = read(message.text[:MAX_INPUT])
        if not self._settings.enabled:
            return Judgement(reading, None, message.text)
        case = _Case(message, reading, live, now)
        verdict = self._first(self._for_all, case)
        if verdict is None and not message.author.roles.intersection(self._settings.exempt_roles):
            verdict = self._first(self._for_chat, case) if message.text else None
        return Judgement(reading, verdict, message.text if verdict else self._masked(message))

    @staticmethod
    def _first(rules: Sequence[Rule], case: _Case) -> Verdict | None:
        return next((verdict for rule in rules if (verdict := rule(case)) is not None), None)

    def _masked(self, message: AudienceMessage) -> str:
        text = message.text
        if self._settings.personal_data:
            text = mask_personal_data(text)
        return mask_links(text, self._settings.allowed_links) if self._settings.links == "mask" else text

    # For everything an author does

    def _muted(self, case: _Case) -> Verdict | None:
        names = {case.viewer, folded(case.message.author.name)}
        if names & case.live.muted:
            return _reject("muted by a moderator")
        return _reject("blocked viewer") if names & self._blocked else None

    def _bot(self, case: _Case) -> Verdict | None:
        author = case.message.author
        is_bot = Role.BOT in author.roles or folded(author.name) in self._bots
        return _reject("bot") if is_bot and case.message.kind is Kind.CHAT else None

    def _role(self, case: _Case) -> Verdict | None:
        least = self._settings.least_role.get(case.message.kind)
        if least is None or _rank(case.message.author.roles) >= _RANKS.index(least):
            return None
        return _reject(f"only from {least} up")

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
        if self._repeats.is_repeated(case.viewer, case.reading.digest, case.now):
            return _reject("repeated")
        pasted = self._repeats.is_paste(case.viewer, case.reading.digest, len(case.reading.plain), case.now)
        return _reject("copy-pasta") if pasted else None

    def _caps(self, case: _Case) -> Verdict | None:
        letters = [character for character in case.reading.plain if character.isalpha()]
        if len(letters) < self._settings.caps_from or case.reading.is_noise:
            return None
        share = sum(map(str.isupper, letters)) / len(letters)
        return _reject("caps") if share > self._settings.max_caps else None

    def _spam(self, case: _Case) -> Verdict | None:
        words = case.reading.words
        if not words:
            return _reject("emotes only") if self._settings.emote_only else None
        most = max(map(words.count, set(words))) if len(words) <= MAX_INPUT // 4 else len(words)
        return _reject("repetition") if most > self._settings.max_repeats else None

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
        found = foreign_links(case.reading.plain, self._settings.allowed_links)
        return _against(self._settings.links, "link") if found else None

    def _term(self, case: _Case) -> Verdict | None:
        for terms in (self._settings.blocked_terms, case.live.blocked_terms):
            said = f"{case.message.text} {case.message.detail or ''}"
            if terms and (terms_for(terms).find(said) or terms_for(terms).find(case.message.author.name)):
                return _against(self._settings.blocked_terms_are, "blocked term")
        return None

    def _newcomer(self, case: _Case) -> Verdict | None:
        if case.message.kind is not Kind.CHAT:
            return None
        is_new = case.viewer not in self._known
        self._known[case.viewer] = None
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return _against("hold", "first message") if is_new and self._settings.first_message == "hold" else None


def _reject(reason: str) -> Verdict:
    return Verdict(Outcome.REJECTED, reason)


def _against(action: str, reason: str) -> Verdict:
    return Verdict(Outcome.HELD if action == "hold" else Outcome.REJECTED, reason)


def _rank(roles: frozenset[Role]) -> int:
    return max((_RANKS.index(role) for role in roles if role in _RANKS), default=0)
