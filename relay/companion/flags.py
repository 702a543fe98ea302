"""Flags: a set of names, of which `a.b` is one value of the enum `a`, and the conditions written with them."""

import re
from collections.abc import Iterable
from typing import Final

_NAME: Final = re.compile(r"!?[A-Za-z_]\w*(\.\w+)?", re.ASCII)
_TOKEN: Final = re.compile(r"\s*(&&|\|\||!|\(|\)|[A-Za-z_]\w*(?:\.\w+)?)", re.ASCII)


def apply(flags: frozenset[str], changes: Iterable[str]) -> frozenset[str]:
    """The flags after `a` or `a.b` is set (in place of another `a.*`), `!a` (and all `a.*`) or `!a.b` unset.

    Raises ValueError at a name that is none.
    """
    for change in changes:
        if not _NAME.fullmatch(change):
            raise ValueError(f"{change[:80]!r} is no flag: use letters, digits and _, with ! before or .value after")
        name = change.removeprefix("!")
        enum = name.partition(".")[0]
        if change.startswith("!"):
            flags = frozenset(f for f in flags if f != name and ("." in name or not f.startswith(f"{name}.")))
        elif "." in name:
            flags = frozenset(f for f in flags if not f.startswith(f"{enum}.")) | {name}
        else:
            flags |= {name}
    return flags


def holds(condition: str, flags: frozenset[str]) -> bool:
    """Whether `a && !b.c || (d)` is true; an empty condition is. Raises ValueError when it cannot be read."""
    tokens = _tokens(condition)
    if not tokens:
        return True
    value = _either(tokens, flags, condition)
    if tokens:
        raise ValueError(f"{condition[:80]!r} is no condition on flags: {tokens[-1]!r} is in the way")
    return value


def _tokens(condition: str) -> list[str]:
    """The tokens, last one first, so that the next one is popped."""
    tokens, at, text = [], 0, condition.rstrip()
    if text.count("(") > 50:
        raise ValueError(f"{condition[:80]!r} is no condition on flags: more than 50 brackets")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{condition[:80]!r} is no condition on flags: write it as in a && !b.c || (d)")
        tokens.append(match[1])
        at = match.end()
    return tokens[::-1]


def _either(tokens: list[str], flags: frozenset[str], condition: str) -> bool:
    value = _both(tokens, flags, condition)
    while tokens and tokens[-1] == "||":
        tokens.pop()
        value = _both(tokens, flags, condition) or value
    return value


def _both(tokens: list[str], flags: frozenset[str], condition: str) -> bool:
    value = _single(tokens, flags, condition)
    while tokens and tokens[-1] == "&&":
        tokens.pop()
        value = _single(tokens, flags, condition) and value
    return value


def _single(tokens: list[str], flags: frozenset[str], condition: str) -> bool:
    negated = False
    while tokens and tokens[-1] == "!":
        tokens.pop()
        negated = not negated
    token = tokens.pop() if tokens else ""
    if token == "(":
        value = _either(tokens, flags, condition)
        if not tokens or tokens.pop() != ")":
            raise ValueError(f"{condition[:80]!r} is no condition on flags: a ) is missing")
    elif token and token not in ("&&", "||", ")"):
        value = token in flags or any(flag.startswith(f"{token}.") for flag in flags)
    else:
        raise ValueError(f"{condition[:80]!r} is no condition on flags: a name is missing")
    return value != negated
