"""Unicode made comparable: hidden characters out, look-alikes mapped to what they look like. Pure.

Order matters: the length is capped before anything else looks at the text, and Unicode is normalised before
characters are compared, so that look-alikes are judged as what they look like.
"""

import unicodedata
from functools import cache
from typing import Final

from confusable_homoglyphs import confusables

MAX_INPUT: Final = 2000
"""Characters looked at; Discord's longest message. The rest is cut."""
MAX_MARKS: Final = 2
"""Combining marks kept on one base character; more is a zalgo flood."""

_JOINER: Final = "\u200d"
_EMOJI_STYLE: Final = "\ufe0f"
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Invisible characters that Unicode counts as letters or marks."""


def one_line(text: str) -> str:
    """The visible text on one line, normalised (NFKC), white space collapsed."""
    text = text[:MAX_INPUT]
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    normal = unicodedata.normalize("NFKC", without_surrogates(text))[: MAX_INPUT * 2]
    return " ".join(_visible(normal).split())


def skeleton(line: str) -> str:
    """What a reader would take `line` for: lower case, without marks, look-alikes as ASCII letters (UTS #39 data)."""
    if line.isascii():
        return line.lower()
    bare = "".join(c for c in unicodedata.normalize("NFKD", line.translate(_look_alikes())) if not _is_mark(c))
    return bare.translate(_look_alikes()).casefold()


def folded(name: str) -> str:
    """What two names have in common when a reader would take one for the other."""
    return "".join(character for character in skeleton(one_line(name)) if character.isalnum())


def without_surrogates(text: str) -> str:
    """Half surrogates, which no encoder takes, become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count_hidden(text: str) -> int:
    """How many characters of the text show nothing, or are marks beyond what a letter needs."""
    if text.isascii():
        return sum(not c.isprintable() and not c.isspace() for c in text)
    normal = unicodedata.normalize("NFKC", without_surrogates(text[:MAX_INPUT]))
    return len(normal) - len(_visible(normal))


@cache
def _look_alikes() -> dict[int, str]:
    """Single characters that look like one ASCII letter or digit, from Unicode's confusables."""
    table: dict[int, str] = {}
    for character, alternatives in confusables.confusables_data.items():
        shapes = [entry["c"] for entry in alternatives if len(entry["c"]) == 1 and entry["c"].isascii()]
        letter = next((shape for shape in shapes if shape.isalnum()), None)
        if letter is not None and len(character) == 1 and not character.isascii():
            table[ord(character)] = letter.lower()
    return table


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for position, character in enumerate(text):
        if "!" <= character <= "~":
            kept.append(character)
            marks = 0
            continue
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") and character != _EMOJI_STYLE else 0
        if character.isspace() or category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif (_shows(character, category) and marks <= MAX_MARKS) or _joins_emoji(text, position):
            kept.append(character)
    return "".join(kept)


def _shows(character: str, category: str) -> bool:
    return category not in ("Cf", "Cs", "Co", "Cn") and character not in _FILLERS and not _is_selector(character)


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0e" or "\U000e0100" <= character <= "\U000e01ef"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in ("Mn", "Me")


def _joins_emoji(text: str, position: int) -> bool:
    if text[position] != _JOINER or not 0 < position < len(text) - 1:
        return False
    before, after = text[position - 1], text[position + 1]
    is_emoji = unicodedata.category(before) in ("So", "Sk") or before == _EMOJI_STYLE
    return is_emoji and unicodedata.category(after) == "So"
