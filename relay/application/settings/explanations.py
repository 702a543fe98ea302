"""What each setting is for, read from the example file: the one place where that is written."""

import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

_SECTION: Final = re.compile(r"^(?:# )?\[+([\w.]+)\]+\s*(?:# (.*))?$")
_KEY: Final = re.compile(r"^(?:# )?(\w+) = .*?(?:\s# (.*))?$")
_MORE: Final = re.compile(r"^\s+# (.*)$")
_REMARK: Final = re.compile(r"^# (.*)$")


class Remarks(NamedTuple):
    """What the example says of one section."""

    about: str
    keys: dict[str, str]


def example_file() -> Path:
    """Where it lies: an installation has it beside the sections, a checkout in `config`."""
    installed = Path(__file__).parents[2] / "config" / "relay.example.toml"
    return installed if installed.is_file() else Path(__file__).parents[3] / "config" / "relay.example.toml"


@cache
def explanations() -> dict[str, Remarks]:
    """What is said of the sections and of their settings, by section."""
    return remarks(example_file().read_text("utf-8"))


def remarks(example: str) -> dict[str, Remarks]:
    """What an example says, by section."""
    found = {"": Remarks("", {})}
    keys, last, before = found[""].keys, "", ""
    for line in example.splitlines():
        if section := _SECTION.match(line):
            found[section[1]] = Remarks(section[2] or "", keys := {})
            last = before = ""
        elif key := _KEY.match(line):
            last, before = key[1], keys.setdefault(key[1], key[2] or before) and ""
        elif last and (more := _MORE.match(line)):
            keys[last] += f" {more[1]}"
        elif (remark := _REMARK.match(line)) and not remark[1].startswith("["):
            before = f"{before} {remark[1]}".strip()
    return found
