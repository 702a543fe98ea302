"""Puts a mask over parts of a line."""

from collections.abc import Iterable

from relay.text.obfuscation import Span


def placed(spans: Iterable[Span], line: str, text: str) -> list[Span]:
    """Where in a text the parts stand that were found in a line made of it; those that cannot be found are left out."""
    if line == text:
        return sorted(spans)
    places: list[Span] = []
    at = 0
    for start, end in sorted(spans):
        if (found := text.find(line[start:end], at)) >= 0:
            at = found + end - start
            places.append((found, at))
    return places


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
