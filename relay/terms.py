"""Blocked terms: words, phrases and regular expressions, found also when they are disguised."""

import logging
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import regex

from relay.disguise import Hit, Span, Words, beginning, without_leet
from relay.text import one_line, shape, skeleton

log = logging.getLogger(__name__)

TIME_LIMIT: Final = 0.01
"""Seconds one regular expression may take on one text."""
MAX_PATTERN: Final = 200
"""Characters a regular expression may have."""
MAX_TERM: Final = 100
"""Characters a word or phrase may have."""

_SPACED: Final = re.compile("[\0-\u08ff\u10a0-\u10ff]+")
"""Alphabets whose words stand apart. In all others, and among emoji, a term is found anywhere."""
_NOWHERE: Final = (-1, -1)
"""The place of what is found but cannot be placed."""


class Terms:
    """What is searched for: words, phrases, `word*` for all words that begin so, and `/regular expressions/`."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Raises ValueError for a term that is empty or no regular expression."""
        self._words = Words()
        self._anywhere: list[str] = []
        self._patterns: list[tuple[str, regex.Pattern[str]]] = []
        self._slow: set[str] = set()
        self._any = bool(terms)
        literal: list[str] = []
        for term in map(check_term, terms):
            letters = without_leet(term)
            if _is_pattern(term):
                self._patterns.append((term, _compiled(term)))
            elif not _SPACED.fullmatch(term):
                self._anywhere.append(_dense(term))
            elif letters.replace(" ", "").isalpha():
                self._words.add(letters)
            elif letters.endswith("*") and letters[:-1].replace(" ", "").isalpha():
                literal.append(beginning(letters[:-1]))
            else:
                literal.append(rf"(?<![^\W_]){re.escape(term)}(?![^\W_])")
        self._literal = re.compile("|".join(literal)) if literal else None

    def __bool__(self) -> bool:
        return self._any

    def find(self, text: str) -> str | None:
        """What is found in a text, or None. A pattern that takes too long counts as found."""
        line = one_line(text)
        return self.find_in(line, skeleton(line))

    def find_in(self, line: str, seen: str) -> str | None:
        """The same in a text that is one line already, `seen` as its skeleton."""
        return next((term for term, _ in self._hits(line, seen)), None)

    def spans(self, line: str) -> list[Span]:
        """Where terms stand in a text that is one line already."""
        places = [place for place, character in enumerate(line) for _ in shape(character)]
        return [
            (places[start], places[end - 1] + 1) if 0 <= start < end else (0, len(line))
            for _, (start, end) in self._hits(line, skeleton(line))
        ]

    def _hits(self, line: str, seen: str) -> Iterator[Hit]:
        """What is found, with its place in the skeleton."""
        letters = without_leet(seen)
        for reading in (seen, letters) if letters != seen else (seen,):
            yield from self._words.hits(reading)
            if self._literal is not None:
                yield from ((match.group(), match.span()) for match in self._literal.finditer(reading))
        if self._anywhere:
            yield from self._hits_anywhere(seen)
        for term, pattern in self._patterns:
            if (span := self._match(term, pattern, seen)) is not None:
                yield term, span
            elif line.lower() != seen and self._match(term, pattern, line) is not None:
                yield term, _NOWHERE

    def _hits_anywhere(self, seen: str) -> Iterator[Hit]:
        dense = _dense(seen)
        places = [place for place, character in enumerate(seen) if _dense(character)]
        for term in self._anywhere:
            if (start := dense.find(term)) >= 0:
                yield term, (places[start], places[start + len(term) - 1] + 1)

    def _match(self, term: str, pattern: "regex.Pattern[str]", text: str) -> Span | None:
        try:
            match = pattern.search(text, timeout=TIME_LIMIT)
        except TimeoutError:
            if term not in self._slow:
                self._slow.add(term)
                log.warning("the blocked term %s takes too long; what it cannot judge counts as a hit", term)
            return _NOWHERE
        return match.span() if match is not None else None


@lru_cache(16)
def terms_for(terms: tuple[str, ...]) -> Terms:
    """The same terms compiled once."""
    return Terms(terms)


def check_term(term: str) -> str:
    """The term as it is compared. Raises ValueError when it cannot be one."""
    if _is_pattern(term):
        _compiled(term)
        return term
    seen = skeleton(one_line(term))
    if not _dense(seen):
        raise ValueError(f"{term!r} has no letter or digit to look for")
    if len(seen) > MAX_TERM:
        raise ValueError(f"a blocked term may have {MAX_TERM} characters, this one has {len(seen)}")
    return seen


def _is_pattern(term: str) -> bool:
    return len(term) > 2 and term.startswith("/") and term.endswith("/")


def _compiled(term: str) -> "regex.Pattern[str]":
    if len(term) > MAX_PATTERN:
        raise ValueError(f"a regular expression may have {MAX_PATTERN} characters, this one has {len(term)}")
    try:
        return regex.compile(term[1:-1], regex.IGNORECASE)
    except regex.error as error:
        raise ValueError(f"{term} is no regular expression: {error}") from None


def _dense(text: str) -> str:
    """Letters, digits and emoji only."""
    return "".join(c for c in text if c.isalnum() or (not c.isascii() and c.isprintable() and not c.isspace()))
