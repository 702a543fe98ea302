"""Blocked terms: words, phrases and regular expressions, found also when they are disguised."""

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import regex

from relay.text import one_line, skeleton

log = logging.getLogger(__name__)

TIME_LIMIT: Final = 0.01
"""Seconds one regular expression may take on one text."""
MAX_PATTERN: Final = 200
"""Characters a regular expression may have."""
_FOLDED: Final = str.maketrans("013457@$!+|i", "oleastasltll")
"""Digits and signs that stand for letters; i and l are told apart by no reader when one is a capital."""


class Terms:
    """What is searched for. A term is a word or phrase, or `/a regular expression/`."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Raises ValueError for a term that is empty or no regular expression."""
        words = [check_term(term) for term in terms if not _is_pattern(term)]
        self._patterns = [(term, _compiled(term)) for term in terms if _is_pattern(term)]
        self._words = _any_of(words)
        self._folded = _any_of([word.translate(_FOLDED) for word in words])
        self._slow: set[str] = set()

    def find(self, text: str) -> str | None:
        """The term found in a text, or None. A pattern that takes too long counts as found."""
        shape = skeleton(one_line(text))
        for pattern, seen in ((self._words, shape), (self._folded, shape.translate(_FOLDED))):
            if pattern is not None and (match := pattern.search(seen)):
                return str(match.group()).strip()
        return next((term for term, pattern in self._patterns if self._matches(term, pattern, shape)), None)

    def _matches(self, term: str, pattern: "regex.Pattern[str]", text: str) -> bool:
        try:
            return pattern.search(text, timeout=TIME_LIMIT) is not None
        except TimeoutError:
            if term not in self._slow:
                self._slow.add(term)
                log.warning("the blocked term %s takes too long; what it cannot judge counts as a hit", term)
            return True


@lru_cache(16)
def terms_for(terms: tuple[str, ...]) -> Terms:
    """The same terms compiled once."""
    return Terms(terms)


def check_term(term: str) -> str:
    """The term as it is compared. Raises ValueError when it cannot be one."""
    if _is_pattern(term):
        _compiled(term)
        return term
    shape = " ".join(skeleton(one_line(term)).split())
    if not any(character.isalnum() for character in shape):
        raise ValueError(f"{term!r} has no letter or digit to look for")
    return shape


def _is_pattern(term: str) -> bool:
    return len(term) > 2 and term.startswith("/") and term.endswith("/")


def _compiled(term: str) -> "regex.Pattern[str]":
    if len(term) > MAX_PATTERN:
        raise ValueError(f"a regular expression may have {MAX_PATTERN} characters, this one has {len(term)}")
    try:
        return regex.compile(term[1:-1], regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(f"{term} is no regular expression: {error}") from None


def _any_of(words: Sequence[str]) -> "regex.Pattern[str] | None":
    return regex.compile("|".join(map(_disguised, words))) if words else None


def _disguised(word: str) -> str:
    """A pattern that finds the word whole, also with stretched letters, and spelled out with gaps between them.

    The gaps have to be between all letters: otherwise the end of one word and the start of the next would count.
    """
    parts = word.split()
    stretched = r"\s+".join("".join(f"{regex.escape(letter)}+" for letter in part) for part in parts)
    letters = [regex.escape(letter) for letter in "".join(parts)]
    spelled = r"[\W_]+".join(letters) if len(letters) > 2 else stretched
    return rf"(?<![^\W_])(?:{stretched}|{spelled})(?![^\W_])"
