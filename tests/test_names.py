"""One word, one meaning: no two classes share a name, and the glossary's words are those of the code."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
MIRRORED: Final[frozenset[str]] = frozenset()
"""Class names that two platforms share by design."""


@cache
def classes() -> tuple[tuple[str, str], ...]:
    """Each class of the relay, and the file it is in. A class begins a line, however deep it stands."""
    return tuple(
        (name, file.relative_to(ROOT).as_posix())
        for file in sorted((ROOT / "relay").rglob("*.py"))
        for name in re.findall(r"^[ ]*class (\w+)[(:\[]", file.read_text("utf-8"), re.MULTILINE)
    )


def glossary() -> list[tuple[str, str]]:
    """Each word of the glossary, and where it says that the word is at home."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    section = page.partition("## Glossary\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| ([a-z ]+) \| .* \| `([^`]+)` \|$", section, re.MULTILINE)


def test_no_two_classes_share_a_name() -> None:
    homes = defaultdict(list)
    for name, file in classes():
        homes[name].append(file)

    shared = {name: files for name, files in homes.items() if len(files) > 1}
    assert not {name: files for name, files in shared.items() if name not in MIRRORED}
    assert shared.keys() >= MIRRORED


def test_what_the_glossary_explains_is_there() -> None:
    known = {name for name, _ in classes()}
    words = glossary()

    assert len(words) > 10
    assert not [home for _, home in words if home not in known and not (ROOT / home).is_file()]
    assert [word for word, _ in words] == sorted(word for word, _ in words)


def test_the_files_the_architecture_names_are_there() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8").partition("## To add a platform")[0]
    there = ["/" + file.relative_to(ROOT).as_posix() for file in [ROOT / "relay", *(ROOT / "relay").rglob("*")]]

    named = re.findall(r"`([\w/]+\.py|[\w/]+/)`", page)

    assert len(named) > 20
    assert not [name for name in named if not any(file.endswith("/" + name.rstrip("/")) for file in there)]
