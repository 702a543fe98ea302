"""Text that is shown in a terminal, which obeys what it shows."""

import re
from typing import Final

_STEERS: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line separators, what turns the direction of writing, and half surrogates."""


def printable(text: str, *, lines: bool = False) -> str:
    """The text with what would steer a terminal written out, such as \\x1b; as one line unless `lines` may stay."""
    return _STEERS.sub(lambda found: found[0] if lines and found[0] == "\n" else _written_out(found[0]), text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode()
