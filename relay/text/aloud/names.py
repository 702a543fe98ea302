"""Names of viewers, as people choose them, as they can be said: xX_N1ght_Xx is Night. Pure."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

_TOKEN: Final = re.compile(r"(?:(?<!\w)[@#])?\w+")
_DECORATED: Final = re.compile(r"(?=[xX]+(?:_|[A-Z]))[xX]{2,}_?(?P<core>\w{2,}?)_?[xX]{2,}")
"""xX…Xx, unless it is a word in small letters."""
_CAMEL: Final = re.compile(r"(?<=[a-z\u00df-\u00f6\u00f8-\u00ff])(?=[A-Z\u00c0-\u00d6\u00d8-\u00de])")
_ONE_WORD: Final = re.compile(r"Ma?c[A-Z][a-z]+")
_TAGS: Final = frozenset({"ttv", "tv", "yt", "twitch", "x", "xx", "xxx", "psn"})
"""What stands before or behind a name to say where it is from, or to look well."""
_GLUED_TAG: Final = re.compile(r"^TTV(?=[A-Za-z][a-z])|(?<=[a-z])TTV$")
_FOR_LETTERS: Final = re.compile(r"(?<=[A-Za-z])(?:11|00|[013457])(?=[A-Za-z])(?!s(?![A-Za-z]))")
_LETTERS: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "11": "ll", "00": "oo"}
_ABBREVIATION: Final = 4
"""Letters and digits up to which what has no small letter is an abbreviation, such as C3PO."""
_UNIQUE: Final = 3
"""Digits from which on they only make a word with as many letters unique, as in Gamer2009."""
_DIGITS: Final = re.compile(r"\d+")
_PARTS: Final = re.compile(r"\d+|[^\W\d_]+")


def with_sayable_names(line: str) -> str:
    """The line with every name, and what is written like one, as words that were in it."""
    return _TOKEN.sub(lambda token: sayable(token.group()), line)


def sayable(name: str) -> str:
    """One name as it is said. Plain words and other scripts stay as they are; nothing is left of underscores alone."""
    bare = name.lstrip("@#")
    is_name = name.startswith("@") or "_" in bare.strip("_")
    if (decorated := _DECORATED.fullmatch(bare)) is not None:
        is_name, bare = True, decorated["core"]
    if not is_name and (digits := _DIGITS.match(bare)):
        return digits.group() + (sayable(bare[digits.end() :]) if digits.end() < len(bare) else "")
    words = list(chain.from_iterable(map(_words, _GLUED_TAG.sub("", bare).split("_"))))
    return " ".join(_without_tags(words) if is_name else _without_year(words))


def _words(part: str) -> Iterator[str]:
    """Apart at capitals and numbers, with letters for the digits that stand for them."""
    for word in _PARTS.findall(_spelled(part)):
        yield from [word] if word.isdecimal() or _ONE_WORD.fullmatch(word) else _CAMEL.split(word)


def _spelled(part: str) -> str:
    is_loud = part.upper() == part
    if is_loud and len(part) <= _ABBREVIATION:
        return part
    letters = _FOR_LETTERS.sub(lambda digits: _LETTERS[digits.group()], part)
    return letters.upper() if is_loud else letters


def _without_tags(words: list[str]) -> list[str]:
    """Without tags and numbers at both ends, unless there is nothing else."""
    places = [place for place, word in enumerate(words) if not word.isdecimal() and word.casefold() not in _TAGS]
    return words[places[0] : places[-1] + 1] if places else words


def _without_year(words: list[str]) -> list[str]:
    *before, last = words or [""]
    is_unique = before and last.isdecimal() and len(last) >= _UNIQUE
    return before if is_unique and len(before[-1]) >= _UNIQUE and not before[-1].isupper() else words
