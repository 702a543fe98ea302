"""What a voice is, and what it is given to read."""

import re
import unicodedata
from typing import Final, Protocol

from relay.errors import RelayError
from relay.text.sentences import FENCE

LONGEST: Final = 1_000
"""Characters of one sentence that are read; a sentence of a reply has 300 at most."""

_CODE: Final = re.compile(rf"{FENCE}.*?(?:{FENCE}|$)", re.DOTALL)
_MARKUP: Final = re.compile(r"[*_~`#|<>\\\[\]{}]+")


class VoiceError(RelayError):
    """A text could not be spoken. Its text is fit to be shown and holds no secret."""


class Synthesizer(Protocol):
    async def speak(self, text: str) -> bytes:
        """One sentence as a mono WAV file; empty where there is nothing to hear. Raises VoiceError."""
        ...


class Mute:
    """The voice of a companion that only writes."""

    async def speak(self, text: str) -> bytes:
        return b""


def readable(text: str) -> str:
    """The text as it is read aloud: one line without blocks of code, control characters, markup and pictures."""
    words = _MARKUP.sub(" ", _CODE.sub(" ", text))
    plain = "".join(" " if c.isspace() else c for c in words if c.isspace() or _has_sound(c))
    words = " ".join(plain[:LONGEST].split())
    return words if any(c.isalnum() for c in words) else ""


def _has_sound(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk"}


_: type[Synthesizer] = Mute
