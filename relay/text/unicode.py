"""Unicode made comparable: hidden characters out, look-alikes mapped to what they look like. Pure.

Order matters: the length is capped before anything else looks at the text, and Unicode is normalised before
characters are compared, so that look-alikes are judged as what they look like.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Final

import regex
from confusable_homoglyphs import confusables

MAX_INPUT: Final = 2000
"""Characters looked at; the longest message of a chat platform. The rest is cut."""
MAX_MARKS: Final = 2
"""Combining marks kept on one base character; more is a zalgo flood."""

_FILLERS: Final = r"\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159"
"""Characters that show nothing although Unicode counts them as letters, marks or signs."""
_MARKS: Final = r"[[\p{Mn}\p{Me}]--[\ufe0f]]"
SHOWS_NOTHING: Final = rf"[\p{{Cf}}\p{{Cs}}\p{{Co}}\p{{Cn}}\p{{Cc}}{_FILLERS}\ufe00-\ufe0f\U000e0100-\U000e01ef]"
"""A class of characters, as `regex.V1` writes it: format and control characters, fillers, and signs of a shape."""
_HIDDEN: Final = regex.compile(
    r"(?:\ufe0f(?<![\p{So}\p{Sk}\p{Emoji}]\ufe0f)"
    r"|\u200d(?:(?<![\p{So}\p{Sk}\ufe0f]\u200d)|(?!\p{So}))"
    rf"|[{SHOWS_NOTHING}--[\u200d\ufe0f\s]])++",
    regex.V1,
)
"""Kept: joiners inside an emoji, and the sign that asks for its coloured shape."""
_PILED_UP: Final = regex.compile(rf"({_MARKS}{{{MAX_MARKS}}}){_MARKS}+", regex.V1)
_NAMED: Final = re.compile(
    r"(?:LATIN|REGIONAL INDICATOR)\b.*\b(?:LETTER|SYMBOL LETTER)"
    r"(?: SMALL CAPITAL| CAPITAL| TURNED| REVERSED| DOTLESS| OPEN| SCRIPT)* ([A-Z])(?: WITH .*)?$"
)
"""Names of characters that are drawn as a Latin letter although Unicode does not relate them to it."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LONE_SURROGATE: Final = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
_MAX_SHAPES: Final = 20_000
_PART: Final = 500
"""Characters normalised at once."""


def one_line(text: str, limit: int = MAX_INPUT) -> str:
    """The visible text on one line, normalised (NFKC), white space collapsed. Only `limit` characters are read."""
    text = text[:limit]
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(unicodedata.normalize("NFKC", _visible(_normal(text, limit * 2))).split())


def skeleton(line: str) -> str:
    """What a reader would take `line` for: lower case, without marks, look-alikes as ASCII letters (UTS #39 data)."""
    return line.lower() if line.isascii() else line.translate(_SHAPES)


def widths(line: str) -> Iterator[int]:
    """How many characters of the line's skeleton each of its characters makes."""
    return map(len, map(_SHAPES.__getitem__, map(ord, line)))


def folded(name: str) -> str:
    """What two names have in common when a reader would take one for the other."""
    return "".join(character for character in skeleton(one_line(name)) if character.isalnum())


def without_surrogates(text: str) -> str:
    """Half surrogates, which no encoder takes, become U+FFFD."""
    if text.isascii() or _SURROGATE.search(text) is None:
        return text
    return _LONE_SURROGATE.sub("\ufffd", text).encode("utf-16", "surrogatepass").decode("utf-16")


def count_hidden(text: str) -> int:
    """How many characters of the text show nothing, or are marks beyond what a letter needs."""
    normal = _normal(text[:MAX_INPUT], MAX_INPUT * 2)
    return len(normal) - len(_visible(normal))


def _normal(text: str, limit: int) -> str:
    """The beginning of the text as NFKC, which can be 18 times as long, part by part until the limit is reached."""
    parts: list[str] = []
    text = without_surrogates(text)
    for begin in range(0, len(text), _PART):
        parts.append(unicodedata.normalize("NFKC", text[begin : begin + _PART]))
        if sum(map(len, parts)) >= limit:
            break
    return "".join(parts)[:limit]


def _visible(text: str) -> str:
    return _PILED_UP.sub(r"\1", _HIDDEN.sub("", text))


class _Shapes(dict[int, str]):
    """Fills itself as characters are met; bounded, since there are a million of them."""

    def __missing__(self, code: int) -> str:
        found = _shape(chr(code))
        if len(self) < _MAX_SHAPES:
            self[code] = found
        return found


_SHAPES: Final = _Shapes()


def _shape(character: str) -> str:
    """Upper and lower case have the same shape, so that a word is found in either."""
    if character.isascii():
        return character.lower()
    low = character.casefold()
    if len(low) > 1:
        return "".join(map(_shape, low))
    if letter := _look_alikes().get(low) or _look_alikes().get(character.upper()) or _named(low):
        return letter
    bare = "".join(c for c in unicodedata.normalize("NFKD", low) if unicodedata.category(c) not in ("Mn", "Me"))
    return bare if bare == low else "".join(map(_shape, bare))


def _named(character: str) -> str | None:
    match = _NAMED.search(unicodedata.name(character, ""))
    return match.group(1).lower() if match else None


@cache
def _look_alikes() -> dict[str, str]:
    """Single characters that look like one ASCII letter or digit, from Unicode's confusables."""
    table: dict[str, str] = {}
    for character, alternatives in confusables.confusables_data.items():
        if len(character) == 1 and not character.isascii():
            bases = {unicodedata.normalize("NFKD", entry["c"])[:1] for entry in alternatives if _is_one(entry["c"])}
            letters = sorted((base for base in bases if base.isascii() and base.isalnum()), key=_as_letter)
            if letters:
                table[character] = letters[0].lower()
    return table


def _as_letter(base: str) -> tuple[bool, bool, str]:
    """Letters before digits, and small ones first: of I, l and 1 it is the l."""
    return base.isdigit(), base.isupper(), base


def _is_one(text: str) -> bool:
    """One character, perhaps with marks on it, such as an o with a stroke through it."""
    return len(text) == 1 or all(unicodedata.category(mark) == "Mn" for mark in text[1:])
