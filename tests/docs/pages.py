"""The documentation as tests read it: its pages, and their links, headings, tables, code blocks and code spans."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

_FENCE: Final = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_SPAN: Final = re.compile(r"`([^`\n]+)`")
_CELL: Final = re.compile(r"(?<!\\)\|")
_ROWS: Final = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    code: str


def name(page: Path) -> str:
    """A page as its readers know it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    return [Block(found[2], dedent(found[3])) for found in _FENCE.finditer(page.read_text("utf-8"))]


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", page.read_text("utf-8"))


def spans(page: Path) -> list[str]:
    """All code within lines, as it is shown."""
    return [span.replace("\\|", "|") for span in _SPAN.findall(prose(page))]


def links(page: Path) -> list[str]:
    """Where its links and pictures lead."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The headings as GitHub's links name them."""
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(page)))
    return {heading.strip().replace(" ", "-") for heading in kept}


def rows(page: Path, heading: str) -> Iterator[list[str]]:
    """The cells of the tables whose first column is called so."""
    for table in _ROWS.findall(prose(page)):
        head, _, *body = [[cell.strip() for cell in _CELL.split(line)[1:-1]] for line in table.splitlines()]
        if head[0] == heading:
            yield from body


def named(page: Path, heading: str) -> list[str]:
    """All code in the first column of those tables."""
    return [span.replace("\\|", "|") for row in rows(page, heading) for span in _SPAN.findall(row[0])]
