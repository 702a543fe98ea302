"""Makes audience text harmless for Voxta: no command, event, template, role marker, line break or hidden character."""

import re
from typing import Final

from relay.text import MAX_INPUT, folded, one_line

_SLASHES: Final = "/\u2044\u2215\u29f8\u2571\\"
_COMMAND_STARTS: Final = _SLASHES + "*"
_SWAPS: Final = str.maketrans(
    {"[": "(", "]": ")", "{": "(", "}": ")", '"': "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", "`": "'"}
)
_ROLE: Final = re.compile(
    r"\b(user|assistant|system|developer|narrator|event|note|secret|story|instructions?|char|message)\s*[:\uff1a]",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"<\s*+\|++|(?<!\|)\|++\s*+>|<\s*+/?+\s*+(?:s|im_start|im_end|inst|sys)\s*+>", re.IGNORECASE)


def neutralise(text: str, limit: int) -> str:
    """One harmless line of at most `limit` characters; empty when nothing visible remains."""
    line = _ROLE.sub(r"\1 -", _TOKEN.sub(" ", one_line(text).translate(_SWAPS)))
    return _cut(_without_command_start(" ".join(line.split())), limit)


def neutral_name(name: str, reserved: frozenset[str], limit: int = 32) -> str:
    """A harmless name; `someone` when nothing remains, `viewer …` when it looks like a `reserved` one."""
    line = neutralise(name, MAX_INPUT)
    plain = " ".join(re.sub(r"[():;,<>|']", " ", line).split())
    plain = _cut(_without_command_start(plain), limit) or "someone"
    return _cut(f"viewer {plain}", limit) if folded(plain) in reserved else plain


def _without_command_start(line: str) -> str:
    return line.lstrip(_COMMAND_STARTS + " ")


def _cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
