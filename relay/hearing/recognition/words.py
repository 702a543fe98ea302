"""What engines say that they heard, as words."""

import re
from typing import Final

CHARACTERS: Final = 2_000
"""What is kept of a text; 30 s of fast speech are about 700."""
_SOUNDS: Final = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\*[^*]*\*|[♪♫]+")
"""How models write what is not speech: [BLANK_AUDIO], (applause), *coughs*."""


def words(text: str) -> str:
    """The text on one line, without what is no speech. Capitals alone, as some models write, are no shouting."""
    plain = "".join(c if c.isprintable() else " " for c in text[: 2 * CHARACTERS])
    told = " ".join(_SOUNDS.sub(" ", plain).split())[:CHARACTERS]
    return told.lower() if told.isupper() and len(told) > 1 else told
