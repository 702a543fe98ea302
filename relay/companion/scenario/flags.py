"""Flags: a set of names, of which `a.b` is one value of the enum `a`, and the conditions written with them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

NAME: Final = re.compile(r"!?[A-Za-z_]\w*(\.\w+)?", re.ASCII)
_TOKEN: Final = re.compile(r"\s*(&&|\|\||!|\(|\)|[A-Za-z_]\w*(?:\.\w+)?)", re.ASCII)

_FORM: Final = "write it as in a && !b.c || (d)"


def check_change(change: str) -> None:
    """Raises ValueError at what is no flag to set or, with ! before, to unset."""
    if not NAME.fullmatch(change):
        raise ValueError(f"{change[:80]!r} is no flag: use letters, digits and _, with ! before or .value after")


def check_condition(condition: str) -> None:
    """Raises ValueError at a condition that cannot be read."""
    holds(condition, frozenset())


def apply(flags: frozenset[str], changes: Iterable[str]) -> frozenset[str]:
    """The flags after `a` or `a.b` is set (in place of another `a.*`), `!a` (and all `a.*`) or `!a.b` unset.

    Raises ValueError at a name that is none.
    """
    for change in changes:
        check_change(change)
        name = change.removeprefix("!")
        enum = name.partition(".")[0]
        if change.startswith("!"):
            flags = frozenset(f for f in flags if f != name and ("." in name or not f.startswith(f"{name}.")))
        elif "." in name:
            flags = frozenset(f for f in flags if not f.startswith(f"{enum}.")) | {name}
        else:
            flags |= {name}
    return flags


@dataclass(frozen=True)
class Moment:
    """A point in a chat's life, in the two measures that flags and events count in."""

    messages: int
    """Messages of people and characters so far."""
    time: float
    """Seconds the chat has been open so far."""


@dataclass(frozen=True)
class Setting:
    """When a flag was set, and when it ends by itself."""

    at: Moment
    until_messages: int | None = None
    until_time: float | None = None

    def is_over(self, now: Moment) -> bool:
        by_messages = self.until_messages is not None and now.messages >= self.until_messages
        return by_messages or (self.until_time is not None and now.time >= self.until_time)


class Flags:
    """The flags of a chat, with the moments they were set and those they end at."""

    def __init__(self, settings: Mapping[str, Setting] | None = None) -> None:
        self._settings = dict(settings or {})

    @property
    def names(self) -> frozenset[str]:
        """Those that are set; `expire` first."""
        return frozenset(self._settings)

    @property
    def settings(self) -> Mapping[str, Setting]:
        return self._settings

    def change(
        self, changes: Iterable[str], now: Moment, *, messages: int | None = None, seconds: float | None = None
    ) -> None:
        """Set and unset, as `apply` does; what is set ends after so many messages or seconds, if any are given.

        Raises ValueError at a name that is none; then nothing has changed.
        """
        changes = list(changes)
        names = apply(self.names, changes)
        until = Setting(
            now,
            None if messages is None else now.messages + messages,
            None if seconds is None else now.time + seconds,
        )
        self._settings = {name: until if name in changes else self._settings.get(name, until) for name in names}

    def expire(self, now: Moment) -> frozenset[str]:
        """Forget what has ended by now, and return it."""
        ended = frozenset(name for name, setting in self._settings.items() if setting.is_over(now))
        self._settings = {name: setting for name, setting in self._settings.items() if name not in ended}
        return ended

    def since(self, name: str) -> Moment | None:
        """When the flag, or a value of the enum, was last set; None while it is not."""
        found = [s.at for flag, s in self._settings.items() if flag == name or flag.startswith(f"{name}.")]
        return max(found, key=lambda moment: (moment.messages, moment.time), default=None)

    def next_end(self) -> float | None:
        """The chat time in seconds at which the next flag ends."""
        return min((s.until_time for s in self._settings.values() if s.until_time is not None), default=None)


def holds(condition: str, flags: frozenset[str]) -> bool:
    """Whether `a && !b.c || (d)` is true; an empty condition is. Raises ValueError when it cannot be read."""
    tokens = _tokens(condition)
    if not tokens:
        return True
    value = _either(tokens, flags, condition)
    if tokens:
        raise ValueError(f"{condition[:80]!r} is no condition on flags: {tokens[-1]!r} is in the way; {_FORM}")
    return value


def _tokens(condition: str) -> list[str]:
    """The tokens, last one first, so that the next one is popped."""
    tokens, at, text = [], 0, condition.rstrip()
    if text.count("(") > 50:
        raise ValueError(f"{condition[:80]!r} is no condition on flags: more than 50 brackets")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{condition[:80]!r} is no condition on flags; {_FORM}")
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
            raise ValueError(f"{condition[:80]!r} is no condition on flags: a ) is missing; {_FORM}")
    elif token and token not in ("&&", "||", ")"):
        value = token in flags or any(flag.startswith(f"{token}.") for flag in flags)
    else:
        raise ValueError(f"{condition[:80]!r} is no condition on flags: a name is missing; {_FORM}")
    return value != negated
