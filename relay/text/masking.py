"""Puts a mask over parts of a line."""

from collections.abc import Iterable

from relay.text.obfuscation import Span


def masked(line: str, spans: Iterable[Span], mask: str) -> str:
    """The line with each span replaced; spans may overlap and come in any order."""
    kept: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if end <= at:
            continue
        if start >= at:
            kept += line[at:start], mask
        at = end
    return "".join([*kept, line[at:]])
