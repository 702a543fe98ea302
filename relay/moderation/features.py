"""A message as filters and selection see it: computed once, compared often."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Self

from relay.text.similarity import exact, simhash
from relay.text.unicode import one_line, skeleton

_BITS: Final = (1 << 64) - 1
"""All of a SimHash."""
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_STRETCHED: Final = re.compile(r"(.)\1{2,}")
_ASKS: Final = re.compile(
    r"^(who|what|when|where|why|how|which|whose|can|could|do|does|did|is|are|was|were|will|would|should|have|has)\b"
)
SHORT: Final = 2
"""A line of at most so many different words, none of them asked, is noise in a loud room."""


@dataclass(frozen=True, slots=True)
class TextFeatures:
    plain: str
    """Visible text on one line, normalised."""
    skeleton: str
    """What it looks like: lower case, look-alikes as ASCII letters."""
    words: tuple[str, ...]
    """Of the skeleton, with stretched letters collapsed."""
    digest: int
    """Equal for texts of the same words."""
    is_noise: bool
    """One or two tokens, perhaps repeated, and no question."""
    is_question: bool
    is_apart: bool = False
    """Nobody said it."""

    @property
    def simhash(self) -> int:
        """Close for texts of nearly the same words. Only what is compared pays for it."""
        similar = _simhash(self.words) if self.words else exact(self.plain)
        return ~similar & _BITS if self.is_apart else similar

    def apart(self) -> Self:
        """Of what nobody said: it is like nothing that somebody said, and nobody joins in with it."""
        return replace(self, digest=~self.digest, is_noise=False, is_apart=True)


@lru_cache(4_096)
def features_of(text: str) -> TextFeatures:
    """Read a text. Floods repeat themselves, so the newest readings are kept."""
    plain = one_line(text)
    shape = skeleton(plain)
    words = tuple(_WORD.findall(_STRETCHED.sub(r"\1", shape)))
    different = len(set(words))
    is_question = different > SHORT and ("?" in plain or _ASKS.match(shape) is not None)
    return TextFeatures(
        plain=plain,
        skeleton=shape,
        words=words,
        digest=exact(" ".join(words) or plain),
        is_noise=different <= SHORT and not is_question,
        is_question=is_question,
    )


_simhash = lru_cache(4_096)(simhash)
