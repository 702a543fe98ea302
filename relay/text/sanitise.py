"""Makes audience text harmless for Voxta: no command, event, template, role marker, line break or hidden character."""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Final

import regex

from relay.text.obfuscation import taken_for
from relay.text.unicode import MAX_INPUT, SHOWS_NOTHING, one_line

_SLASHES: Final = "/\u2044\u2215\u29f8\u2571\\"
_COMMAND_START: Final = regex.compile(rf"^[{re.escape(_SLASHES)}*\s{SHOWS_NOTHING}\p{{M}}]+", regex.V1)
"""With marks that have no letter to stand on: a reader, and Voxta perhaps, sees only what follows them."""
_SWAPS: Final = str.maketrans(
    {"[": "(", "]": ")", "{": "(", "}": ")", '"': "'", "\u201c": "'", "\u201d": "'", "\u201e": "'", "`": "'"}
)
_COLONS: Final = (
    ":\u02d0\u02f8\u0589\u05c3\u0703\u0704\u0903\u0a83\u1361\u1365\u16ec\u1803\u1809\u205a\u2236\ua4fd\ua789"
)
"""What is drawn as two dots above each other (UTS #39 data, and the full stops that it leaves out)."""
_ROLES: Final = "user assistant system developer narrator event note secret story instruction instructions char message"
_ROLE: Final = re.compile(rf"\b({'|'.join(_ROLES.split())})\s*[{_COLONS}]", re.IGNORECASE)
_ROLE_WORDS: Final = frozenset(_ROLES.split())
_BEFORE_COLON: Final = re.compile(r"(\w++)\s*+:")
_NOT_IN_NAMES: Final = re.compile(rf"[();,<>'/{_COLONS}]")
_NOT_NAMES: Final = frozenset(map(taken_for, [*_ROLES.split(), "streamer", "moderator"]))
"""What no viewer is called, whoever is in the chat."""
_BARS: Final = re.compile("[|\u00a6\u01c0\u2223\u2502\u2503\u2758\u2759\u275a]")
"""What stands between the messages of several viewers, and what looks like it."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,:;?!'&%$#@+=_()~^/*-]*+")
"""A line in which nothing can be meant but what it says, or a role."""
_TOKEN: Final = re.compile(r"<\s*+\|++|(?<!\|)\|++\s*+>|<\s*+/?+\s*+(?:s|im_start|im_end|inst|sys)\s*+>", re.IGNORECASE)


def sanitise(text: str, limit: int) -> str:
    """One harmless line of at most `limit` characters; empty when nothing visible remains."""
    line = one_line(text)
    if _PLAIN.fullmatch(line):
        return _cut(without_roles(line), limit)
    line = without_roles(_BARS.sub("/", _TOKEN.sub(" ", line.translate(_SWAPS))))
    return _cut(_without_command_start(" ".join(line.split())), limit)


def without_roles(line: str) -> str:
    """The line without what reads as a role before a colon, such as `system:`, also where two parts of it meet."""
    if line.isascii() and _ROLE_WORDS.isdisjoint(_BEFORE_COLON.findall(line.lower()) if ":" in line else ()):
        return line  # as it nearly always is: to look at each word for all roles takes three times as long
    return _ROLE.sub(r"\1 -", line)


@lru_cache(maxsize=1_024)
def sanitise_name(name: str, reserved: frozenset[str] | None, limit: int = 32) -> str:
    """A harmless name; `someone` when nothing remains, `viewer …` when it could be taken for a `reserved` one.

    Names are reserved as they are `taken_for`; None for who may be called anything.
    """
    line = sanitise(name, MAX_INPUT)
    plain = " ".join(_NOT_IN_NAMES.sub(" ", line).split())
    plain = _cut(_without_command_start(plain), limit) or "someone"
    is_taken = reserved is not None and _passes_for(plain, reserved | _NOT_NAMES)
    return _cut(f"viewer {plain}", limit) if is_taken else plain


def reserved_names(*names: str) -> frozenset[str]:
    """These names in the form in which `sanitise_name` compares them."""
    return frozenset(map(taken_for, names)) - {""}


def label_of(platform: str, labels: Mapping[str, str]) -> str:
    """What a platform is called, also one that is not known any more."""
    return labels.get(platform) or sanitise_name(platform.capitalize(), frozenset())


def _passes_for(name: str, reserved: frozenset[str]) -> bool:
    """Whether some of its words, put together, are one of these: `Apex (chat)` passes for Apex."""
    words = [taken_for(word) for word in name.split()]
    edges = {0, *accumulate(map(len, words))}
    seen = "".join(words)
    return any(seen.startswith(other, edge) and edge + len(other) in edges for other in reserved for edge in edges)


def _without_command_start(line: str) -> str:
    return _COMMAND_START.sub("", line)


def _cut(line: str, limit: int) -> str:
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
