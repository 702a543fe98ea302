"""Finds words and phrases in a skeleton (see `relay.text`), also when they are spelled to get past a filter.

The skeleton is cut into pieces of letters, so that a word is not found inside a longer one. Pieces are put together
across signs (`b.a.d`), and across a space when a piece beside it could not be a word of its own: `f uck` and `fu ck`,
but not `pen is`. Letters may be stretched, yet never be fewer than the word has: the country Niger is no slur.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

MAX_PIECES: Final = 64
"""Pieces put together at most, so that a flood of single letters takes no longer than other floods."""

_PIECE: Final = re.compile(r"[^\W\d_]+")
_STRETCHED: Final = re.compile(r"(.)(?=\1)")
_WITH_LEET: Final = re.compile(r"(?<!\S)\S*?[013457@$€!|+8]\S*")
_LEET: Final = str.maketrans("0134578@$€", "oleastbase")
_INNER_LEET: Final = re.compile(r"(?<=[^\W_])[!|+](?=[^\W_])")
_I_AS_L: Final = str.maketrans("i", "l")
"""No reader tells them apart when one is a capital."""
_VOWELS: Final = frozenset("aeiouy")
_CONTRACTED: Final = frozenset({"ll", "s", "t", "d", "m", "re", "ve"})

Span = tuple[int, int]
Hit = tuple[str, Span]
"""A term, and where it stands."""


class _Piece(NamedTuple):
    start: int
    text: str
    """With every i as l."""
    short: str
    """The text with each run of a letter as one."""
    joined: bool
    """It may belong to the piece before it."""


@dataclass(frozen=True, slots=True)
class _Word:
    term: str
    pattern: re.Pattern[str]
    """Its letters, each at least as often in a row as the term has it."""
    spaces: frozenset[int]
    """Where a phrase has spaces, counted in letters of the short form."""


class Words:
    """Words and phrases to look for, each a skeleton of letters and spaces."""

    def __init__(self) -> None:
        self._words: defaultdict[str, list[_Word]] = defaultdict(list)
        self._beginnings: set[str] = set()

    def add(self, term: str) -> None:
        short, spaces, pieces = "", set[int](), term.translate(_I_AS_L).split()
        for piece in pieces:
            spaces.add(len(short))
            short = _merged(short, _shortened(piece))
        self._words[short].append(_Word(term, re.compile(_stretchable("".join(pieces))), frozenset(spaces)))
        self._beginnings.update(short[:length] for length in range(1, len(short) + 1))

    def hits(self, seen: str) -> Iterator[Hit]:
        """What is found in a skeleton, taken as it stands."""
        if not self._beginnings:
            return
        shorts = _PIECE.findall(_shortened(seen.translate(_I_AS_L)))
        if self._beginnings.isdisjoint(shorts):
            return
        likely = [first for first in range(len(shorts)) if self._leads_somewhere(shorts, first)]
        pieces = _pieces(seen) if likely else []
        for first in likely:
            yield from self._beginning_with(pieces[first : first + MAX_PIECES])

    def _leads_somewhere(self, shorts: Sequence[str], first: int) -> bool:
        """Whether a word may begin here: a quick look, before the pieces are looked at closely."""
        short = ""
        for piece in shorts[first : first + MAX_PIECES]:
            short = _merged(short, piece)
            if short in self._words or short not in self._beginnings:
                return short in self._words
        return False

    def _beginning_with(self, pieces: Sequence[_Piece]) -> Iterator[Hit]:
        text = short = ""
        apart: set[int] = set()
        for piece in pieces:
            if short and not piece.joined:
                apart.add(len(short))
            text += piece.text
            short = _merged(short, piece.short)
            for word in self._words.get(short, ()):
                if apart <= word.spaces and word.pattern.fullmatch(text):
                    yield word.term, (pieces[0].start, piece.start + len(piece.text))
            if short not in self._beginnings:
                return


def without_leet(seen: str) -> str:
    """Digits and signs as the letters they stand for, in what has letters; of the same length."""
    return _WITH_LEET.sub(_as_letters, seen)


def beginning(word: str) -> str:
    """A pattern for all words that begin so, in a skeleton."""
    return rf"(?<![^\W_]){_stretchable(word.replace(' ', ''))}[^\W\d_]*"


def _as_letters(chunk: re.Match[str]) -> str:
    text = chunk.group()
    if text.isdigit() or not any(map(str.isalpha, text)):
        return text
    return _INNER_LEET.sub(lambda sign: "t" if sign.group() == "+" else "l", text).translate(_LEET)


def _pieces(seen: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    end, before = 0, ""
    for match in _PIECE.finditer(seen):
        letters = match.group()
        text = letters.translate(_I_AS_L)
        joined = _joins(before, seen[end : match.start()], letters)
        pieces.append(_Piece(match.start(), text, _shortened(text), joined))
        end, before = match.end(), letters
    return pieces


def _joins(before: str, gap: str, after: str) -> bool:
    if any(map(str.isspace, gap)):
        return _is_fragment(before) or _is_fragment(after)
    return not (gap in ("'", "\u2019") and after in _CONTRACTED)


def _is_fragment(piece: str) -> bool:
    """It cannot be a word of its own."""
    return len(piece) == 1 or (piece.isascii() and _VOWELS.isdisjoint(piece))


def _shortened(text: str) -> str:
    return _STRETCHED.sub("", text)


def _merged(before: str, after: str) -> str:
    return before + (after[1:] if before.endswith(after[0]) else after)


def _stretchable(letters: str) -> str:
    runs = [(letter, len(list(run))) for letter, run in groupby(letters.translate(_I_AS_L))]
    return "".join(f"{re.escape(letter)}{{{count},}}" for letter, count in runs)
