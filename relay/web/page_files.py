"""The scripts of a page as one file, and its styles as another: each further file costs a request and its work."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web

_FOLDER: Final = Path(__file__).parent / "static"
_IMPORT: Final = re.compile(r'^import (?:(\{.*\}) from )?"(.+)";$', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export ((?:async )?(?:const|function|class) (\w+))", re.MULTILINE)


@cache
def page_text(name: str) -> str:
    """The page itself."""
    return (_FOLDER / name).read_text("utf-8")


@cache
def script(entry: str) -> str:
    """A module and all that it imports, each in a function of its own, in the order in which a browser runs them.

    `modules`, by their places, is what it exports.
    """
    return "\n".join(["export const modules = {};", *_modules(_FOLDER / entry, set())])


def _modules(path: Path, written: set[Path]) -> Iterable[str]:
    if path in written:
        return
    written.add(path)
    text = path.read_text("utf-8")
    for found in _IMPORT.finditer(text):
        yield from _modules((path.parent / found[2]).resolve(), written)

    def imported(found: re.Match[str]) -> str:
        return f"const {found[1]} = modules[{_place(path.parent / found[2])}];" if found[1] else ""

    names = ", ".join(name for _, name in _EXPORT.findall(text))
    body = _EXPORT.sub(r"\1", _IMPORT.sub(imported, text))
    yield f"modules[{_place(path)}] = await (async () => {{\n{body}\nreturn {{ {names} }};\n}})();"


def _place(path: Path) -> str:
    return f'"{path.resolve().relative_to(_FOLDER.resolve()).as_posix()}"'


@cache
def styles(*names: str) -> str:
    """One after the other: what comes later wins."""
    return "\n".join(map(page_text, names))


def served(text: str, kind: str) -> web.Response:
    """With the type named: Windows may tell Python that .js is plain text, which a browser then refuses to run."""
    return web.Response(text=text, content_type=kind, charset="utf-8")
