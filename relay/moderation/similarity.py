"""Numbers that tell whether two texts say the same: an exact hash, and a SimHash (Charikar, 2002)."""

import hashlib
from functools import lru_cache
from itertools import pairwise
from typing import Final

_BITS: Final = 64


def exact(text: str) -> int:
    """The same for the same text only."""
    return _hash(text)


def simhash(words: tuple[str, ...]) -> int:
    """Few of its 64 bits differ between texts that share most of their words in order."""
    features = [*words, *map(" ".join, pairwise(words))]
    total = sum(map(_spread, features))
    half = len(features) / 2
    return sum(1 << bit for bit in range(_BITS) if (total >> (16 * bit) & 0xFFFF) > half)


@lru_cache(50_000)
def _hash(token: str) -> int:
    return int.from_bytes(hashlib.blake2b(token.encode(errors="replace"), digest_size=8).digest())


@lru_cache(50_000)
def _spread(token: str) -> int:
    """The bits of a token's hash, each in a counter of its own, so that adding counts them all at once."""
    value = _hash(token)
    return sum((value >> bit & 1) << (16 * bit) for bit in range(_BITS))
