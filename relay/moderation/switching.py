"""What the words of a control make of the switches: each function answers the new ones and what to say. Pure."""

import re
from collections.abc import Callable
from typing import Final

from relay.config import check_rate_name
from relay.moderation.switches import Mode, Switches
from relay.moderation.wording import quoted
from relay.text.blocked_terms import check_term
from relay.text.unicode import folded

Change = Callable[[Switches, str], tuple[Switches, str]]
"""Takes the switches as they are and the argument. Raises Mistake when the argument does not fit."""

MAX_RATE: Final = 100_000
"""Forwards a minute."""
MAX_VOLUME: Final = 200
"""Percent."""
_VIEWER_ID: Final = re.compile(r"[a-z]+:[\w-]+")
_TIME: Final = r"((?:[01]?\d|2[0-3]):[0-5]\d)"
_HOURS: Final = re.compile(rf"{_TIME}\s*[-\u2013]\s*{_TIME}", re.ASCII)


class Mistake(Exception):
    """What was asked for does not fit; the text names the value and what would fit, fit to be shown in a chat."""

    usage = ""
    """How the control is written, where that helps."""


class WordsRefused(Mistake):
    """It must not be, whoever wants it."""


class Gone(Mistake):
    """What was meant is not there any more: somebody else was quicker, or time was."""


def pause(now: Switches, _: str) -> tuple[Switches, str]:
    return now.with_(paused=True), "Paused. What comes in waits as long as it is worth telling."


def resume(now: Switches, _: str) -> tuple[Switches, str]:
    return now.with_(paused=False), "Going on."


def rate(now: Switches, argument: str) -> tuple[Switches, str]:
    *names, value = argument.split()
    if len(names) > 1:
        raise Mistake(f"{quoted(argument)} is too much: give one name and one number.")
    name = names[0].casefold() if names else "all"
    try:
        check_rate_name(name)
    except ValueError as error:
        raise Mistake(str(error)) from None
    others = {other: per_minute for other, per_minute in now.rates.items() if other != name}
    if value.casefold() == "reset":
        return now.with_(rates=others), f"The rate {name} is as configured."
    per_minute = _per_minute(value)
    return now.with_(rates=others | {name: per_minute}), f"{name}: {per_minute:g} a minute."


def _per_minute(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= MAX_RATE:
        raise Mistake(f"{quoted(text)} is no rate: give a number from 0 to {MAX_RATE}, or reset.")
    return number


def mode(now: Switches, argument: str) -> tuple[Switches, str]:
    if argument.casefold() not in list(Mode):
        raise Mistake(f"{quoted(argument)} is no mode: give {', '.join(Mode)}.")
    chosen = Mode(argument.casefold())
    return now.with_(mode=chosen), f"The mode is {chosen}."


def mute(now: Switches, argument: str) -> tuple[Switches, str]:
    return now.with_(muted=now.muted | {_viewer(argument)}), f"{quoted(argument)} is muted."


def unmute(now: Switches, argument: str) -> tuple[Switches, str]:
    viewer = _viewer(argument)
    if viewer not in now.muted:
        raise Mistake(f"{quoted(argument)} is not muted; these are: {', '.join(sorted(now.muted)) or 'none'}.")
    return now.with_(muted=now.muted - {viewer}), f"{quoted(argument)} is heard again."


def _viewer(text: str) -> str:
    """`platform:id` as it is; a name as far as readers tell names apart."""
    if _VIEWER_ID.fullmatch(text.casefold()):
        platform, _, viewer = text.partition(":")
        return f"{platform.casefold()}:{viewer}"
    name = folded(text)
    if not name:
        raise Mistake(f"{quoted(text)} is no viewer: give a name, or platform:id as the platform knows them.")
    return name


def block(now: Switches, argument: str) -> tuple[Switches, str]:
    term = _term(argument)
    if term in now.blocked_terms:
        return now, "That is blocked already."
    return now.with_(blocked_terms=(*now.blocked_terms, term)), "Blocked."


def unblock(now: Switches, argument: str) -> tuple[Switches, str]:
    term = _term(argument)
    if term not in now.blocked_terms:
        return now, "That was not blocked here; the configuration may block it."
    kept = tuple(other for other in now.blocked_terms if other != term)
    return now.with_(blocked_terms=kept), "Allowed again."


def volume(now: Switches, argument: str) -> tuple[Switches, str]:
    if argument.casefold() == "reset":
        return now.with_(volume=None), "The volume is as configured."
    try:
        percent = float(argument.removesuffix("%"))
    except ValueError:
        percent = -1
    if not 0 <= percent <= MAX_VOLUME:
        raise Mistake(f"{quoted(argument)} is no volume: give a number from 0 to {MAX_VOLUME}, or reset.")
    return now.with_(volume=percent / 100), f"The volume is {percent:g} %."


def _term(text: str) -> str:
    try:
        return check_term(text)
    except ValueError as error:
        raise Mistake(f"That cannot be blocked: {error}.") from None


def quiet(now: Switches, argument: str) -> tuple[Switches, str]:
    if argument.casefold() == "off":
        return now.with_(quiet_hours=None), "There are no quiet hours."
    match = _HOURS.fullmatch(argument)
    if match is None:
        raise Mistake(f"{quoted(argument)} are no hours: give them as 23:00-07:30, or off.")
    begin, end = (time.zfill(5) for time in match.groups())
    if begin == end:
        raise Mistake(f"{quoted(argument)} has no length: give two different times, or use pause.")
    return now.with_(quiet_hours=f"{begin}-{end}"), f"Nothing is forwarded {begin}-{end}."
