"""Makes audience text harmless for Voxta: no command, event, template, role marker, line break or hidden character.

Order matters: the length is capped before anything else looks at the text, and Unicode is normalised before
characters are compared, so that look-alikes are judged as what they look like.
"""

import re
import unicodedata
from typing import Final

MAX_INPUT: Final = 2000
"""Characters looked at; Discord's longest message. The rest is cut."""
MAX_MARKS: Final = 2
"""Combining marks kept on one base character; more is a zalgo flood."""

_SLASHES: Final = "/\u2044\u2215\u29f8\u2571\\"
_COMMAND_STARTS: Final = _SLASHES + "*"
_JOINER: Final = "\u200d"
_EMOJI_STYLE: Final = "\ufe0f"
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Invisible characters that Unicode counts as letters or marks."""
_SWAPS: Final = str.maketrans(
    {"[": "(", "]": ")", "{": "(", "}": ")", '"': "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", "`": "'"}
)
_ROLE: Final = re.compile(
    r"\b(user|assistant|system|developer|narrator|event|note|secret|story|instructions?|char|message)\s*[:\uff1a]",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"<\s*\|+|\|+\s*>|<\s*/?\s*(?:s|im_start|im_end|inst|sys)\s*>", re.IGNORECASE)


def neutralise(text: str, limit: int) -> str:
    """One harmless line of at most `limit` characters; empty when nothing visible remains."""
    visible = _visible(unicodedata.normalize("NFKC", _without_surrogates(text[:MAX_INPUT]))[: MAX_INPUT * 2])
    line = " ".join(visible.translate(_SWAPS).split())
    line = _ROLE.sub(r"\1 -", _TOKEN.sub(" ", line))
    return _cut(_without_command_start(" ".join(line.split())), limit)


def neutral_name(name: str, reserved: frozenset[str], limit: int = 32) -> str:
    """A harmless name; `someone` when nothing remains, `viewer …` when it looks like a `reserved` one."""
    line = neutralise(name, MAX_INPUT)
    plain = " ".join(re.sub(r"[():;,<>|']", " ", line).split())
    plain = _cut(_without_command_start(plain), limit) or "someone"
    return _cut(f"viewer {plain}", limit) if folded(plain) in reserved else plain


def folded(name: str) -> str:
    """What two names have in common when a reader would take one for the other."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in decomposed if character.isalnum())


def _without_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category in ("Mn", "Me") and character != _EMOJI_STYLE:
            marks += 1
        else:
            marks = 0
        if character.isspace() or category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif (_shows(character, category) and marks <= MAX_MARKS) or _joins_emoji(text, position):
            kept.append(character)
    return "".join(kept)


def _shows(character: str, category: str) -> bool:
    return category not in ("Cf", "Cs", "Co", "Cn") and character not in _FILLERS and not _is_selector(character)


def _is_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0e" or "\U000e0100" <= character <= "\U000e01ef"


def _joins_emoji(text: str, position: int) -> bool:
    if text[position] != _JOINER or not 0 < position < len(text) - 1:
        return False
    before, after = text[position - 1], text[position + 1]
    is_emoji = unicodedata.category(before) in ("So", "Sk") or before == _EMOJI_STYLE
    return is_emoji and unicodedata.category(after) == "So"


def _without_command_start(line: str) -> str:
    return line.lstrip(_COMMAND_STARTS + " ")


def _cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
