"""Finds words and phrases in a skeleton (see `relay.text.unicode`), also when they are spelled to get past a filter.

The skeleton is cut into pieces of letters, so that a word is not found inside a longer one. Pieces are put together
across signs (`b.a.d`), and across a space when a piece beside it could not be a word of its own: `f uck` and `fu ck`,
but not `pen is`. Letters may be stretched, yet never be fewer than the word has: the country Niger is no slur.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from typing import Final, NamedTuple

from relay.text.unicode import one_line, skeleton

MAX_PIECES: Final = 64
"""Pieces put together at most, so that a flood of single letters takes no longer than other floods."""
MAX_LIKELY: Final = 200
"""Places in a text that have the letters of a term and are looked at closely; a text with more of them is a hit."""

_PIECE: Final = re.compile(r"[^\W\d_]+")
_STRETCHED: Final = re.compile(r"(.)(?=\1)")
_LEET: Final = str.maketrans("0134578@$€", "oleastbase")
_LEET_SIGN: Final = re.compile(r"[0134578@$€!|+]")
_INNER_L: Final = re.compile(r"(?<=[^\W_])[!|](?=[^\W_])")
_INNER_T: Final = re.compile(r"(?<=[^\W_])\+(?=[^\W_])")
_NO_LETTERS: Final = re.compile(r"(?<!\S)[\W\d_]+(?!\S)")
_VOWELS: Final = frozenset("aeiouy")
_CONTRACTED: Final = frozenset({"ll", "s", "t", "d", "m", "re", "ve"})

Span = tuple[int, int]
Hit = tuple[str, Span]
"""A term, and where it stands."""
NOWHERE: Final = (-1, -1)
"""The place of what is found but cannot be placed."""


class _Piece(NamedTuple):
    start: int
    end: int
    text: str
    """With every i as l: no reader tells them apart when one is a capital."""
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


class ObfuscatedWords:
    """Words and phrases to look for, each a skeleton of letters and spaces."""

    def __init__(self) -> None:
        self._words: defaultdict[str, list[_Word]] = defaultdict(list)
        self._beginnings: set[str] = set()

    def add(self, term: str) -> None:
        short, spaces, pieces = "", set[int](), term.replace("i", "l").split()
        for piece in pieces:
            spaces.add(len(short))
            short = _merged(short, _shortened(piece))
        self._words[short].append(_Word(term, re.compile(_stretched("".join(pieces))), frozenset(spaces)))
        self._beginnings.update(short[:length] for length in range(1, len(short) + 1))

    def hits(self, seen: str) -> Iterator[Hit]:
        """What is found in a skeleton, taken as it stands."""
        if not self._beginnings:
            return
        found = _PIECE.findall(_shortened(seen.replace("i", "l")))
        if self._beginnings.isdisjoint(found):
            return
        runs = _runs(found)
        shorts = [found[run] for run in runs]
        ahead = list(zip(shorts, [*shorts[1:], ""], [*shorts[2:], "", ""], strict=False))
        promising = set(filter(self._may_lead_somewhere, set(ahead)))
        leading = (n for n, near in enumerate(ahead) if near in promising and self._leads_somewhere(shorts, n))
        likely = list(islice(leading, MAX_LIKELY + 1))
        if len(likely) > MAX_LIKELY:
            yield "letters of blocked terms", NOWHERE
            return
        if not likely:
            return
        pieces = _Pieces(seen, shorts, runs)
        for first in likely:
            yield from self._beginning_with(pieces, first)

    def _may_lead_somewhere(self, near: tuple[str, ...]) -> bool:
        """Whether a word may begin with these pieces. Floods have few different ones, and each is looked at once."""
        short = near[0]
        if short not in self._beginnings:
            return False
        for piece in filter(None, near[1:]):
            if short in self._words:
                return True
            short = _merged(short, piece)
            if short not in self._beginnings:
                return False
        return True

    def _leads_somewhere(self, shorts: Sequence[str], first: int) -> bool:
        """Whether a word may begin here: a quick look, before the pieces are looked at closely."""
        short = ""
        for place in range(first, min(first + MAX_PIECES, len(shorts))):
            short = _merged(short, shorts[place])
            if short in self._words or short not in self._beginnings:
                return short in self._words
        return False

    def _beginning_with(self, pieces: "_Pieces", first: int) -> Iterator[Hit]:
        text = short = ""
        apart: set[int] = set()
        for place in range(first, min(first + MAX_PIECES, len(pieces))):
            piece = pieces[place]
            if short and not piece.joined:
                apart.add(len(short))
            text += piece.text
            short = _merged(short, piece.short)
            for word in self._words.get(short, ()):
                if apart <= word.spaces and word.pattern.fullmatch(text):
                    yield word.term, (pieces[first].start, piece.end)
            if short not in self._beginnings:
                return


def without_leet(seen: str) -> str:
    """Digits and signs as the letters they stand for, in what has letters; of the same length."""
    if _LEET_SIGN.search(seen) is None:
        return seen
    letters = _INNER_T.sub("t", _INNER_L.sub("l", seen)).translate(_LEET)
    kept, at = list[str](), 0
    for match in _NO_LETTERS.finditer(seen):
        start, end = match.span()
        kept += letters[at:start], seen[start:end]
        at = end
    return "".join([*kept, letters[at:]])


def taken_for(name: str) -> str:
    """What a reader takes a name for: the same for names that pass for each other, such as 4pex and Apex."""
    seen = "".join(filter(str.isalnum, without_leet(skeleton(one_line(name)))))
    return seen.replace("i", "l").replace("rn", "m").replace("vv", "w")


def beginning(word: str) -> str:
    """A pattern for all words that begin so, in a skeleton."""
    first, *runs = _stretchable(word.replace(" ", "").replace("i", "l"))
    alike = {letter: "[il]" if letter == "l" else letter for letter, _ in (first, *runs)}
    stretched = "".join(f"{alike[letter]}{{{count},}}" for letter, count in [(first[0], first[1] - 1), *runs])
    return rf"{word_start(alike[first[0]])}{stretched}[^\W\d_]*"


def word_start(character: str) -> str:
    """A pattern for a character with which a word starts. It begins with the character, which is fast to search for."""
    return rf"{character}(?<![^\W_]{character})"


def _runs(shorts: Sequence[str]) -> list[int]:
    """Where pieces begin; a letter that is repeated across signs and spaces is one stretched piece."""
    return [n for n, (before, short) in enumerate(pairwise(["", *shorts])) if len(short) > 1 or short != before]


class _Pieces:
    """Each is made when it is looked at: there are thousands in a flood."""

    def __init__(self, seen: str, shorts: Sequence[str], runs: Sequence[int]) -> None:
        """`runs` are the numbers of the words with which the pieces begin, `shorts` their short forms."""
        self._seen = seen
        self._spans = [match.span() for match in _PIECE.finditer(seen)]
        self._shorts = shorts
        self._runs = [*runs, len(self._spans)]
        self._made: dict[int, _Piece] = {}

    def __len__(self) -> int:
        return len(self._shorts)

    def __getitem__(self, place: int) -> _Piece:
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def _make(self, place: int) -> _Piece:
        first, last = self._runs[place], self._runs[place + 1] - 1
        (start, stop), (_, end) = self._spans[first], self._spans[last]
        text = "".join(self._seen[slice(*span)] for span in self._spans[first : last + 1])
        begin, before = self._spans[first - 1]
        joined = first > 0 and _joins(self._seen[begin:before], self._seen[before:start], self._seen[start:stop])
        return _Piece(start, end, text.replace("i", "l"), self._shorts[place], joined)


def _joins(before: str, gap: str, after: str) -> bool:
    if " " in gap:
        return _is_fragment(before) or _is_fragment(after)
    return not (gap in ("'", "\u2019") and after in _CONTRACTED)


def _is_fragment(piece: str) -> bool:
    """It cannot be a word of its own."""
    return len(piece) == 1 or (piece.isascii() and _VOWELS.isdisjoint(piece))


def _shortened(text: str) -> str:
    return _STRETCHED.sub("", text)


def _merged(before: str, after: str) -> str:
    return before + (after[1:] if before.endswith(after[0]) else after)


def _stretched(letters: str) -> str:
    """A pattern for these letters, each at least as often in a row."""
    return "".join(f"{letter}{{{count},}}" for letter, count in _stretchable(letters))


def _stretchable(letters: str) -> list[tuple[str, int]]:
    """Each letter of a word, and how often it follows itself."""
    return [(letter, len(list(run))) for letter, run in groupby(letters)]
