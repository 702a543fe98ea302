"""Numbers that tell whether two texts say the same: an exact hash, and a SimHash (Charikar, 2002)."""

import hashlib
from functools import lru_cache
from itertools import pairwise
from typing import Final

MAX_WORDS: Final = 127
"""Words of a text that count: with their pairs they fit into counters of one byte."""

_LANES: Final = bytes(int(code == ord("1")) for code in range(256))
"""From the digits of a binary number to counters of 0 and 1."""
_DIGITS: Final = b"0" * 128 + b"1" * 128
"""From counters to binary digits: 1 from 128 on."""
_EVERY: Final = int.from_bytes(b"\x01" * 64)


def exact(text: str) -> int:
    """The same for the same text only."""
    return int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest())


def simhash(words: tuple[str, ...]) -> int:
    """Few of its 64 bits differ between texts that share most of their words in order."""
    words = words[:MAX_WORDS]
    features = [*words, *map(" ".join, pairwise(words))]
    total = sum(map(_spread, features)) + _EVERY * (127 - len(features) // 2)
    return int(total.to_bytes(64).translate(_DIGITS), 2)


@lru_cache(20_000)
def _spread(token: str) -> int:
    """The bits of a token's hash, each in a counter of its own, so that adding counts them all at once."""
    return int.from_bytes(format(exact(token), "064b").encode().translate(_LANES))
