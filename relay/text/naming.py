"""Whether a text calls somebody by name, in any script. Pure."""

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import regex

from relay.text.links import links
from relay.text.obfuscation import Span
from relay.text.personal_data import personal_data
from relay.text.unicode import one_line, skeleton

_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts in which words follow each other without a space."""
_WORD: Final = rf"[[\w\p{{M}}]--[{_UNSPACED}\p{{Katakana}}\p{{Hangul}}ー]]"
"""What goes on a word in all other scripts; beside a name of theirs, those without spaces begin another word."""
_KATAKANA: Final = r"[\p{Katakana}\p{Nd}_]"
_HANGUL: Final = r"[\p{Hangul}\p{Nd}_]"
_PARTICLES: Final = (
    "(?:님|씨|양|군|언니|누나|오빠|형|이?(?:야|가|는|랑|도|만|의|를|와|나|에게|한테|라고)|아|이|은|을|과|에게|한테|께)"
)
"""What Korean writes behind a name without a space."""
_HONORIFICS: Final = "(?:さん|ちゃん|くん|さま|君|様|氏)?+"
_BESIDE: Final = rf"[\w{_UNSPACED}]"
_OPTIONAL_MARKS: Final = regex.compile(
    r"([\p{Latin}\p{Cyrillic}\p{Greek}\p{Arabic}\p{Hebrew}])\p{Mn}++|\u0640", regex.V1
)
"""Accents, points and vowel signs that people leave out, and the stroke that makes an Arabic word longer."""
_NO_LATIN: Final = regex.compile(r"[\p{L}--\p{Latin}]", regex.V1)
_BETWEEN: Final = r"(?:[^\w,;!?]{0,3}|_)"
"""Between the parts of a name: `Mary Ann` is also called Mary-Ann, mary_ann and @maryann."""


def calls(text: str, names: Iterable[str]) -> bool:
    """Whether one of these names is in the text as a word of its own, with an @ or without.

    Upper and lower case are one, and so are letters with and without the accents that people leave out. A Latin name
    is found in look-alikes, too. A name in an address, a #channel or an :emoji: calls nobody.
    """
    line = one_line(text)
    plain = _without_addresses(line)
    return any(_calls(line if "." in name else plain, name) for name in names)


def _calls(line: str, name: str) -> bool:
    comparable, pattern = _sought(name)
    return pattern is not None and pattern.search(comparable(line)) is not None


@lru_cache(maxsize=256)
def _sought(name: str) -> tuple[Callable[[str], str], "regex.Pattern[str] | None"]:
    """How a line is made comparable with a name, and what is sought in it; None for a name of nothing visible."""
    name = one_line(name)
    comparable = _bare if _NO_LATIN.search(name) else skeleton
    wanted = comparable(name)
    return comparable, _pattern(wanted) if wanted else None


def _bare(line: str) -> str:
    decomposed = unicodedata.normalize("NFD", line.casefold())
    return unicodedata.normalize("NFC", _OPTIONAL_MARKS.sub(r"\1", decomposed))


def _without_addresses(line: str) -> str:
    for start, end in sorted((*links(line), *personal_data(line)), reverse=True):
        line = _blanked(line, (start, end))
    return line


def _blanked(line: str, span: Span) -> str:
    start, end = span
    return f"{line[:start]}{' ' * (end - start)}{line[end:]}"


def _pattern(name: str) -> "regex.Pattern[str]":
    parts = regex.findall(r"[\w--_]+", name, regex.V1)
    core = _BETWEEN.join(parts) if len("".join(parts)) > 1 or "".join(parts) == name else regex.escape(name)
    before, after = _before(name[0], alone=len(name) == 1), _after(name[-1], alone=len(name) == 1)
    return regex.compile(rf"(?<!#)(?<!:(?={core}:)){before}{core}{after}", regex.V1)


def _before(first: str, *, alone: bool) -> str:
    if _is_in(_UNSPACED, first):
        return rf"(?<!{_BESIDE})" if alone else ""
    if _is_in(r"\p{Katakana}", first):
        return rf"(?<!{_KATAKANA}ー{{0,3}})"
    return rf"(?<!{_HANGUL})" if _is_in(r"\p{Hangul}", first) else rf"(?<!{_WORD})"


def _after(last: str, *, alone: bool) -> str:
    if _is_in(_UNSPACED, last):
        return rf"{_HONORIFICS}(?!{_BESIDE})" if alone else ""
    if _is_in(r"\p{Katakana}ー", last):
        return rf"(?!ー*+{_KATAKANA})"
    return rf"{_PARTICLES}{{0,3}}+(?!{_HANGUL})" if _is_in(r"\p{Hangul}", last) else rf"(?!{_WORD})"


def _is_in(scripts: str, character: str) -> bool:
    return regex.match(rf"[{scripts}]", character, regex.V1) is not None
