"""The heard text: what people really heard of a reply that was cut off."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_UNSPACED: Final = "\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef"
"""Scripts without spaces between words, where every character counts as one."""
_WORD: Final = re.compile(rf"(?:[{_UNSPACED}]|[^\s{_UNSPACED}]+)\s*")


@dataclass
class HeardSentence:
    """A sentence, and the share of its sound that was heard so far, from 0 to 1."""

    text: str
    share: float = 0.0


def heard_text(parts: Sequence[HeardSentence]) -> tuple[str, str]:
    """The text up to the last word that was heard whole, and the rest.

    The heard text is the beginning of the whole, so it ends before a sentence nobody could hear.
    """
    whole = "".join(part.text for part in parts)
    length = 0
    for part in parts:
        length += _heard_length(part)
        if part.share < 1.0:
            break
    return whole[:length].rstrip(), whole[length:].strip()


def common_beginning(one: str, other: str) -> str:
    """What both texts begin with: all of the shorter, unless they differ before."""
    pairs = enumerate(zip(one, other, strict=False))
    end = next((place for place, (ours, theirs) in pairs if ours != theirs), min(len(one), len(other)))
    return one[:end]


def words(text: str) -> Iterator[tuple[int, float]]:
    """Where each word ends, with the white space behind it, and the share of the sound by which it was heard.

    Sound and text run at about the same pace within a sentence.
    """
    for word in _WORD.finditer(text):
        yield word.end(), (word.start() + len(word.group().rstrip())) / len(text)


def _heard_length(part: HeardSentence) -> int:
    """How many characters were heard."""
    if part.share >= 1.0:
        return len(part.text)
    return max((end for end, share in words(part.text) if share <= part.share), default=0)
