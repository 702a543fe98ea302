"""What people say that tells whether they are done, go on, or only listen, by language. Read when first asked for."""

import tomllib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Final

import regex

LANGUAGES: Final = ("de", "en", "es", "fr")
"""Those with a list in `words`, as in BCP 47."""
_FOLDER: Final = "words"
_WORD: Final = regex.compile(r"[\w\p{M}]+(?:'[\w\p{M}]+)*")
_STRETCHED: Final = regex.compile(r"(.)\1{2,}")


@dataclass(frozen=True)
class WordLists:
    """One language's, as words joined by one space; what each is for stands in `words/en.toml`."""

    unfinished: frozenset[str]
    may_end: frozenset[str]
    questions: frozenset[str]
    done: frozenset[str]
    backchannels: frozenset[str]
    laughter: frozenset[str]
    calls: frozenset[str]
    you: frozenset[str]

    @property
    def common(self) -> frozenset[str]:
        """Words by which the language can be told from others."""
        return self.unfinished | self.questions | self.you | self.done


def words_of(text: str) -> list[str]:
    """The words of what somebody said, comparable: in small letters, none stretched, hyphens apart."""
    plain = unicodedata.normalize("NFKC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold()
    return [_STRETCHED.sub(r"\1", word) for word in _WORD.findall(plain)]


def lists_for(language: str, words: Sequence[str]) -> WordLists | None:
    """Those of the language, as in BCP 47, or where it is not known ("") of the one that most of the words belong to.

    None when there is no such list, or it may be two languages.
    """
    if language:
        primary = language.partition("-")[0].lower()
        return _lists(primary) if primary in LANGUAGES else None
    hits = sorted((sum(word in _common(each) for word in words), each) for each in LANGUAGES)
    return _lists(hits[-1][1]) if hits[-1][0] > hits[-2][0] else None


def all_lists(language: str) -> list[WordLists]:
    """Those that may hold: one language's, none, or all where it is not known."""
    if not language:
        return [_lists(each) for each in LANGUAGES]
    return [lists] if (lists := lists_for(language, ())) is not None else []


@cache
def _lists(language: str) -> WordLists:
    file = resources.files(__package__) / _FOLDER / f"{language}.toml"
    written = tomllib.loads(file.read_text("utf-8"))
    return WordLists(**{each.name: _phrases(written[each.name]) for each in fields(WordLists)})


@cache
def _common(language: str) -> frozenset[str]:
    return _lists(language).common


def _phrases(written: str) -> frozenset[str]:
    lines = [line.split("|") if "|" in line else line.split() for line in written.splitlines()]
    return frozenset(" ".join(words_of(phrase)) for line in lines for phrase in line if phrase.strip())
