"""What is wrong with settings, in words that say how it is written right."""

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeGuard

from pydantic import BaseModel

from relay.text.for_pages import for_pages

SECRETS: Final = ("token", "secret", "key", "password", "url")
"""What the name of a setting ends in whose value is shown nowhere."""
_NAMED: Final = 5
"""Of how many things people want to read the names."""
_PLACE: Final = re.compile(r"\{(\w+)\}")
_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")
_BARE: Final = re.compile(r"^\s*(?P<name>[\w.-]+)\s*=\s*(?P<value>[^\s\"'\[{#][^\"'#]*?)\s*(#.*)?$")
_TRUTHS: Final = {"yes": "true", "on": "true", "no": "false", "off": "false", "true": "true", "false": "false"}

_SECTION: Final = for_pages("this is a section: write [{name}] on a line of its own, and its settings below")
_FIX: Final = {
    "bool_parsing": for_pages("write true or false, without quotes"),
    "bool_type": for_pages("write true or false, without quotes"),
    "int_parsing": for_pages("write a number, without quotes"),
    "int_type": for_pages("write a number, without quotes"),
    "int_from_float": for_pages("write a whole number"),
    "float_parsing": for_pages("write a number, without quotes"),
    "float_type": for_pages("write a number, without quotes"),
    "string_type": for_pages("write a text, in quotes"),
    "missing": for_pages("this is missing here: add it"),
    "literal_error": for_pages("write {expected}"),
    "enum": for_pages("write {expected}"),
    "greater_than": for_pages("write a number above {gt}"),
    "greater_than_equal": for_pages("write a number of {ge} or more"),
    "less_than": for_pages("write a number below {lt}"),
    "less_than_equal": for_pages("write a number of {le} or less"),
    "string_too_short": for_pages("write at least {min_length} character(s)"),
    "string_too_long": for_pages("write at most {max_length} characters"),
    "too_short": for_pages("name {min_length} or more"),
    "too_long": for_pages("name {max_length} or fewer"),
    "tuple_type": for_pages('this is a list, so write it as ["one", "two"]'),
    "list_type": for_pages('this is a list, so write it as ["one", "two"]'),
    "dict_type": for_pages("this has names and values, so write it as { name = value }"),
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
}
"""What to do about each kind of pydantic's errors, with what it says of the value that would fit."""


def in_words(problem: Mapping[str, Any], known: Collection[str] = ()) -> str:
    """One of pydantic's errors, without where it is. `known` are the names that would have been right there."""
    value, kind = problem.get("input"), problem["type"]
    if kind == "extra_forbidden":
        return _unknown(str(problem["loc"][-1]), known)
    if kind == "tuple_type" and isinstance(value, str | int):
        shown = f'"{value}"' if isinstance(value, str) else str(value)
        return f"this is a list, so write [{shown}]"
    name = ".".join(map(str, problem["loc"]))
    fix = _FIX.get(kind)
    about = {"name": name, **problem.get("ctx", {})}
    message = _filled(fix, about) if fix is not None else problem["msg"].removeprefix("Value error, ")
    name = str(problem["loc"][-1] if problem["loc"] else "").lower()
    is_shown = isinstance(value, str | int | float) and not any(word in name for word in SECRETS)
    return for_pages(f"{message} (got {value!r})") if is_shown else message


def _filled(fix: str, about: Mapping[str, Any]) -> str:
    """Numbers are written as people write them: 2 for 2.0."""
    shown = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in about.items()}
    return _PLACE.sub(lambda place: shown[place[1]], fix)


def _unknown(name: str, known: Collection[str]) -> str:
    if sections := [each.partition(".")[0] for each in known if each.endswith(f".{name}")]:
        return f"there is no such setting by itself; write it below {' or '.join(f'[{each}]' for each in sections)}"
    if alike := difflib.get_close_matches(name.lower(), known, n=1):
        return f"there is no such setting; did you mean {alike[0]}?"
    return "there is no such setting; check the spelling"


def names_at(model: type[BaseModel], loc: Sequence[int | str]) -> set[str]:
    """The settings there are beside the one at this place; at the top, those of all sections as well."""
    at: Any = model
    for name in loc[:-1]:
        field = at.model_fields.get(name)
        at = field.annotation if field is not None else None
        if not _is_section(at):
            return set()
    names = set(at.model_fields)
    return names if len(loc) > 1 else names.union(*(_inside(name, at) for name in names))


def _inside(section: str, model: type[BaseModel]) -> set[str]:
    kind = model.model_fields[section].annotation
    return {f"{section}.{name}" for name in kind.model_fields} if _is_section(kind) else set()


def _is_section(kind: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def some(names: Sequence[str]) -> str:
    """A few of many, for people."""
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")


def of_toml(text: str, error: tomllib.TOMLDecodeError) -> str:
    """What is wrong with a file that is no TOML, and how the line is written right. Values are not shown."""
    found = _LINE.search(str(error))
    lines = ["", *text.splitlines()]
    line = lines[min(int(found[1]), len(lines) - 1)] if found else lines[-1]
    advice = "this is set twice: keep one of the lines" if "overwrite" in str(error) else _advice(line)
    return f"not valid TOML: {error}" + (f"; {advice}" if advice else "")


BACKSLASH: Final = 'a \\ in quotes is special: write folders with /, as in "C:/Users/you", or in single quotes'
"""What to do about a path as Windows writes it."""

_SIGNS: Final = (
    (re.compile("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]"), 'write straight quotes: "…"'),
    (re.compile(r"^\s*\[[^\]]*$"), "a ] is missing"),
    (re.compile(r"^\s*\["), "each section stands there once"),
    (re.compile(r'".*\\'), BACKSLASH),
    (re.compile(r"^\s*[\w.-]+\s*:"), "write = instead of :"),
    (re.compile(r"=\s*(None|null|nil|undefined)\b", re.IGNORECASE), "leave the line out where nothing is meant"),
    (re.compile(r"=\s*-?\d+,\d+\s*(#.*)?$"), "a number has a point: 0.5"),
    (re.compile(r"=\s*-?[\d.]+\s*%"), "a number stands alone: 0.8 is 80 %"),
)
"""What lines look like that are often written so, and what to do about it."""


def _advice(line: str) -> str:
    for sign, advice in _SIGNS:
        if sign.search(line):
            return advice
    if bare := _BARE.match(line):
        if right := _TRUTHS.get(bare["value"].lower()):
            return f"write {bare['name']} = {right}"
        return f'text stands in quotes: {bare["name"]} = "…"'
    if re.match(r"^\s*[\w.-]+\s*=\s*\[[^\"']*[A-Za-z]", line):
        return 'each text in a list stands in quotes: ["one", "two"]'
    if line.count('"') % 2 or line.count("'") % 2:
        return "a quote is missing"
    return ""
