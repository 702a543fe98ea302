"""A text as it is read aloud. What is shown stays as it is, and only a voice is given this.

What cannot be said is left out, and what is short for words becomes these words; nothing else is added.
"""

import re
from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Final

from relay.text.aloud.dates import with_dates_as_words
from relay.text.aloud.languages import language_of
from relay.text.aloud.markup import without_blocks, without_markup, without_pictures
from relay.text.aloud.names import with_sayable_names
from relay.text.aloud.numbers import with_numbers_as_words
from relay.text.aloud.pronunciation import Pronunciation
from relay.text.unicode import one_line

SHOWN: Final = 1_000
"""Characters of one sentence that are read; a sentence of a reply has 300 at most."""
SPOKEN: Final = 4_000
"""Characters that are made of them at most; numbers are longer in words."""

_SIGNS: Final = re.compile(r"(?<!\+)\+{1,2}(?!\+)|(?<![&=\u00d7])[&=\u00d7](?![&=\u00d7])")
_SILENT: Final = re.compile(r"[&+=\u00d7/_#@%$\u20ac\u00a3\u00a5\u00b0\u2044]+")
_BEFORE_STOP: Final = re.compile(r"\s+(?=[,.!?;:]+(?:\s|$))")
_STOPS: Final = re.compile(r"([,;:])(?:\s*[,;:])+(?=\s|$)")


class ReadAloud:
    """Reads in one language, such as en-us, de or fr, with words that are said as the streamer wants."""

    def __init__(
        self,
        language: str = "",
        pronunciation: Mapping[str, str] | None = None,
        *,
        emotes: Container[str] = frozenset(),
    ) -> None:
        """`emotes` are words that are left out, besides those that are known everywhere."""
        self._language = language_of(language)
        self._pronunciation = Pronunciation(pronunciation or {})
        self._emotes = emotes

    def __call__(self, text: str) -> str:
        """One line; empty where nothing is to be heard."""
        language = self._language
        line = self._pronunciation.applied(one_line(without_blocks(text[:SHOWN]), SHOWN))
        line = without_pictures(without_markup(line, self._emotes))
        line = _abbreviations(language.code, tuple(language.abbreviations)).sub(self._in_full, line)
        line = with_dates_as_words(with_sayable_names(line), language)
        line = _SIGNS.sub(self._sign, with_numbers_as_words(line, language))
        line = one_line(_SILENT.sub(" ", line), SPOKEN)
        line = _STOPS.sub(r"\1", _BEFORE_STOP.sub("", line)).lstrip("-,;: ")
        return line if any(map(str.isalnum, line)) else ""

    def _in_full(self, found: re.Match[str]) -> str:
        return self._language.abbreviations["".join(found.group().split())]

    def _sign(self, found: re.Match[str]) -> str:
        sign = found.group()
        return f" {self._language.words.get(sign[0], '')}" * len(sign) + " "


@lru_cache(8)
def _abbreviations(code: str, written: tuple[str, ...]) -> re.Pattern[str]:
    parts = [
        re.escape(each).replace(r"\.", r"\. ?").removesuffix(" ?") for each in sorted(written, key=len, reverse=True)
    ]
    return re.compile(rf"(?<![\w.])(?:{'|'.join(parts)})(?![\w])") if parts else re.compile(r"(?!)")
