"""What is wrong with settings, in words that say how it is written right."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final

SECRETS: Final = ("token", "secret", "key", "password", "url")
"""What the name of a setting ends in whose value is shown nowhere."""
_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")
_BARE: Final = re.compile(r"^\s*(?P<name>[\w.-]+)\s*=\s*(?P<value>[^\s\"'\[{#][^\"'#]*?)\s*(#.*)?$")
_TRUTHS: Final = {"yes": "true", "on": "true", "no": "false", "off": "false", "true": "true", "false": "false"}


def in_words(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors, without where it is."""
    value = problem.get("input")
    match problem["type"]:
        case "extra_forbidden":
            return "there is no such setting; check the spelling against config/relay.example.toml"
        case "tuple_type" if isinstance(value, str | int):
            shown = f'"{value}"' if isinstance(value, str) else str(value)
            return f"this is a list, so write [{shown}]"
        case "bool_parsing" | "bool_type":
            message = "write true or false, without quotes"
        case "int_parsing" | "float_parsing" | "int_type" | "float_type":
            message = "write a number, without quotes"
        case _:
            message = problem["msg"].removeprefix("Value error, ")
    name = str(problem["loc"][-1] if problem["loc"] else "").lower()
    is_shown = isinstance(value, str | int | float) and not any(word in name for word in SECRETS)
    return f"{message} (got {value!r})" if is_shown else message


def of_toml(text: str, error: tomllib.TOMLDecodeError) -> str:
    """What is wrong with a file that is no TOML, and how the line is written right. Values are not shown."""
    found = _LINE.search(str(error))
    lines = ["", *text.splitlines()]
    advice = _advice(lines[min(int(found[1]), len(lines) - 1)] if found else lines[-1])
    return f"not valid TOML: {error}" + (f"; {advice}" if advice else "")


def _advice(line: str) -> str:
    if line.lstrip().startswith("["):
        return "each section stands there once"
    if '"' in line and "\\" in line:
        return 'a \\ in quotes is special: write folders with /, as in "C:/Users/you", or in single quotes'
    if bare := _BARE.match(line):
        if right := _TRUTHS.get(bare["value"].lower()):
            return f"write {bare['name']} = {right}"
        return f'text stands in quotes: {bare["name"]} = "…"'
    if re.match(r"^\s*[\w.-]+\s*=\s*\[[^\"']*[A-Za-z]", line):
        return 'each text in a list stands in quotes: ["one", "two"]'
    if line.count('"') % 2 or line.count("'") % 2:
        return "a quote is missing"
    return ""
