"""Regular expressions that people write: what they may cost is bounded, to compile and to search with."""

import math
import re
from typing import Final

import regex

SIZE_LIMIT: Final = 20_000
"""Characters of an expression with its counts written out, as the engine does: (ab){3} is ababab. At the limit
compiling takes some 10 ms; nothing bounds it otherwise, neither in time nor in memory."""
SEARCH_LIMIT: Final = 0.002
"""Seconds one search may take, give or take as much again until the engine looks at its clock."""

_COUNT: Final = re.compile(r"\{([^},]*)")


def compiled(expression: str, *, longest: int, flags: int = 0) -> regex.Pattern[str]:
    """The expression ready to search with.

    Raises ValueError for what is longer than `longest`, repeats too much, or is no regular expression.
    """
    if len(expression) > longest:
        raise ValueError(f"a regular expression may have {longest} characters, this one has {len(expression)}")
    if size(expression) > SIZE_LIMIT:
        raise ValueError(f"{expression[:80]!r} repeats too much; make it simpler, or its counts smaller")
    try:
        return regex.compile(expression, flags)
    except regex.error as error:
        raise ValueError(f"{expression[:80]!r} is no regular expression: {error}") from None
    except RecursionError:
        raise ValueError(f"{expression[:80]!r} has too many brackets inside each other; make it simpler") from None


def size(expression: str) -> float:
    """At least the length of an expression with its counts written out.

    Only what has a bracket round it can be counted twice, so no more counts multiply than there are brackets, and one.
    """
    counts = sorted(map(_least, _COUNT.findall(expression)), reverse=True)
    return len(expression) * math.prod(counts[: expression.count("(") + 1])


def _least(count: str) -> float:
    """The least number of times that a count stands for; the engine may skip white space and comments in it."""
    return max(1.0, float("".join(character for character in count if character.isdecimal()) or 1))


def found(pattern: regex.Pattern[str], text: str, seconds: float = SEARCH_LIMIT) -> regex.Match[str] | None:
    """Where an expression fits first. Raises TimeoutError when it cannot tell in so many seconds, or a tenth of the
    usual ones where fewer are left: a good one needs no more."""
    return pattern.search(text, timeout=max(seconds, SEARCH_LIMIT / 10))
