"""Blocked terms: words, phrases and regular expressions, found also when they are disguised."""

import logging
import re
import time
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from typing import Final

import regex

from relay.text.obfuscation import NOWHERE, Hit, ObfuscatedWords, Span, beginning, without_leet, word_start
from relay.text.patterns import SEARCH_LIMIT, compiled, found
from relay.text.unicode import one_line, skeleton, widths

log = logging.getLogger(__name__)

MAX_PATTERN: Final = 200
"""Characters a regular expression may have."""
MAX_TERM: Final = 100
"""Characters a word or phrase may have."""

MAX_HITS: Final = 100
"""Places told apart in one text; what has more is a hit from end to end."""

_SPACED: Final = re.compile("[\0-\u08ff\u10a0-\u10ff]+")
"""Alphabets whose words stand apart. In all others, and among emoji, a term is found anywhere."""
_NOT_DENSE: Final = regex.compile(r"[\x00-/:-@\[-`{-\x7f\p{Z}\p{C}]+")


class Terms:
    """What is searched for: words, phrases, `word*` for all words that begin so, and `/regular expressions/`."""

    def __init__(self, terms: Sequence[str]) -> None:
        """Raises ValueError for a term that is empty or no regular expression."""
        self._words = ObfuscatedWords()
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
                literal.append(rf"{word_start(re.escape(term[0]))}{re.escape(term[1:])}(?![^\W_])")
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
        hits: list[Span] = []
        for _, (start, end) in self._hits(line, skeleton(line)):
            if start >= end or len(hits) == MAX_HITS:
                return [(0, len(line))]
            hits.append((start, end))
        if line.isascii():
            return hits
        places = list(chain.from_iterable(map(repeat, range(len(line)), widths(line)))) if hits else []
        return [(places[start], places[end - 1] + 1) for start, end in hits]

    def _hits(self, line: str, seen: str) -> Iterator[Hit]:
        """What is found, with its place in the skeleton."""
        for reading in dict.fromkeys((seen, without_leet(seen))):
            yield from self._words.hits(reading)
            if self._literal is not None:
                yield from ((match.group(), match.span()) for match in self._literal.finditer(reading))
        if any(term[0] in seen for term in self._anywhere):
            yield from self._hits_anywhere(seen)
        yield from self._hits_of_patterns(line, seen)

    def _hits_anywhere(self, seen: str) -> Iterator[Hit]:
        dense = _dense(seen)
        for term in self._anywhere:
            if (start := dense.find(term)) >= 0:
                places = [place for place, character in enumerate(seen) if _dense(character)]
                yield term, (places[start], places[start + len(term) - 1] + 1)

    def _hits_of_patterns(self, line: str, seen: str) -> Iterator[Hit]:
        """All patterns together have the time of one search; the first that cannot tell is a hit, and the last."""
        readings = (seen, line) if line.lower() != seen else (seen,)
        deadline = time.perf_counter() + SEARCH_LIMIT
        for term, pattern in self._patterns:
            for reading in readings:
                try:
                    match = found(pattern, reading, deadline - time.perf_counter())
                except TimeoutError:
                    self._note_slow(term)
                    yield term, NOWHERE
                    return
                if match is not None:
                    yield term, match.span() if reading is seen else NOWHERE
                    break

    def _note_slow(self, term: str) -> None:
        if term not in self._slow:
            self._slow.add(term)
            log.warning("the blocked term %s takes too long; what it cannot judge counts as a hit", term)


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
    return compiled(term[1:-1], longest=MAX_PATTERN, flags=regex.IGNORECASE)


def _dense(text: str) -> str:
    """Letters, digits and emoji only."""
    return _NOT_DENSE.sub("", text)
