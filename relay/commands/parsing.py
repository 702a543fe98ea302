"""From what somebody wrote to a command's name and its arguments. Pure; what is written is hostile."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

from relay.config import ParameterSection
from relay.text.unicode import one_line

_QUOTED: Final = re.compile(r'["\u201c\u201e\u00ab]([^"\u201c\u201d\u201e\u00ab\u00bb]*)["\u201c\u201d\u00bb](?=\s|$)')
_QUOTE_MARKS: Final = re.compile('["\u201c\u201d\u201e\u00ab\u00bb]')
_APOSTROPHE: Final = "'"
_WORD: Final = re.compile(r"\S+")
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}([.,]\d{1,6})?", re.ASCII)
MAX_NAME: Final = 64
"""Characters of a viewer's name."""


class WrongArguments(Exception):
    """An argument does not fit. The text says which, for people in a chat."""


def called(text: str, prefix: str) -> tuple[str, str] | None:
    """The name and the rest of a text that begins like a command; None for any other."""
    line = text.lstrip()
    if not line.startswith(prefix):
        return None
    name, _, rest = one_line(line[len(prefix) :]).partition(" ")
    return (name.lower(), rest) if name and not line[len(prefix)].isspace() else None


def read(parameters: Iterable[ParameterSection], text: str) -> dict[str, str]:
    """The arguments by name, each as its type wants it. Raises WrongArguments."""
    rest = text.strip()
    wanted = list(parameters)
    found: dict[str, str] = {}
    for number, parameter in enumerate(wanted, 1):
        is_last = number == len(wanted)
        value, rest = (rest, "") if is_last and parameter.type == "text" else _next(rest)
        if value:
            found[parameter.name] = _READ[parameter.type](parameter, value)
        elif parameter.optional:
            found[parameter.name] = parameter.default
        else:
            raise WrongArguments(f"{parameter.name.upper()} is missing.")
    if rest and wanted:
        raise WrongArguments(f"'{_short(rest)}' is too much.")
    return found


def written(parameters: Iterable[ParameterSection], given: Mapping[str, str]) -> str:
    """The arguments as somebody would have to write them so that `read` finds them again; "" for one left out."""
    wanted = list(parameters)
    values = [one_line(given.get(each.name, "")) for each in wanted]
    while values and not values[-1]:
        values.pop()
    is_rest = len(values) == len(wanted) and bool(wanted) and wanted[-1].type == "text"
    last = [values.pop()] if is_rest else []
    return " ".join([*(f'"{_QUOTE_MARKS.sub(_APOSTROPHE, value)}"' for value in values), *last])


def _next(rest: str) -> tuple[str, str]:
    """The next word, or what stands between quotation marks, and what follows."""
    match = _QUOTED.match(rest) or _WORD.match(rest)
    if match is None:
        return "", ""
    return (match[1] if match.lastindex else match[0]).strip(), rest[match.end() :].lstrip()


def _text(parameter: ParameterSection, value: str) -> str:
    if len(value) > parameter.max_length:
        raise WrongArguments(f"{parameter.name.upper()} is too long: at most {parameter.max_length} characters.")
    return value


def _number(parameter: ParameterSection, value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise WrongArguments(f"{parameter.name.upper()} has to be a number, not '{_short(value)}'.")
    number = float(value.replace(",", "."))
    low = -math.inf if parameter.min is None else parameter.min
    high = math.inf if parameter.max is None else parameter.max
    if not low <= number <= high:
        raise WrongArguments(f"{parameter.name.upper()} has to be {_bounds(parameter)}, not {_short(value)}.")
    return str(int(number)) if number.is_integer() else repr(number)


def _bounds(parameter: ParameterSection) -> str:
    if parameter.min is None or parameter.max is None:
        return f"{parameter.max:.12g} at most" if parameter.min is None else f"{parameter.min:.12g} at least"
    return f"from {parameter.min:.12g} to {parameter.max:.12g}"


def _choice(parameter: ParameterSection, value: str) -> str:
    wanted = value.casefold()
    for choice in parameter.choices:
        if choice.casefold() == wanted:
            return choice
    raise WrongArguments(f"{parameter.name.upper()} is one of {', '.join(parameter.choices)}, not '{_short(value)}'.")


def _viewer(parameter: ParameterSection, value: str) -> str:
    name = value.removeprefix("@").strip()
    if not name or len(name) > MAX_NAME or not any(character.isalnum() for character in name):
        raise WrongArguments(f"{parameter.name.upper()} has to be a viewer's name, not '{_short(value)}'.")
    return name


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:19]}…"


_READ: Final = {"text": _text, "number": _number, "choice": _choice, "viewer": _viewer}
