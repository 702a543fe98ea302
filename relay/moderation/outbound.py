"""What the companion says, made fit to be posted: it can be talked into anything."""

import re
import unicodedata
from typing import Final

_COMMAND_START: Final = re.compile(r"^[\s/.!\\\u2044\u2215\uff0f\u29f8]+")
_ELLIPSIS: Final = re.compile(r"^\s*\.{3,}")
_BROADCAST: Final = re.compile(r"@(?=everyone\b|here\b)", re.IGNORECASE)


def fit_to_post(text: str) -> str:
    """The text without control characters, mass mentions or a start that a chat would read as a command.

    "" when nothing remains.
    """
    shown = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return _COMMAND_START.sub("", _ELLIPSIS.sub("…", _BROADCAST.sub("@\u200b", shown))).strip()
