"""What Python up to 3.11.3 does otherwise, and Debian 12 has 3.11.2: neither tests nor types tell of it elsewhere."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import relay

SOURCES = Path(relay.__file__).parent
POSSESSIVE_GROUP = re.compile(r"(?<!\\)\)(?:[?*+]|\{[\d,]+\})\+")
EXCEPT_STAR = re.compile(r"\bexcept\s*\*")


def test_nothing_is_raised_in_except_star_as_it_comes_in_a_group_there() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in SOURCES.rglob("*.py")}
    raised = [
        f"{path.relative_to(SOURCES)}:{node.lineno}"
        for path, source in sources.items()
        if EXCEPT_STAR.search(source)
        for handled in ast.walk(ast.parse(source))
        if isinstance(handled, ast.TryStar)
        for handler in handled.handlers
        for node in ast.walk(handler)
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and ast.unparse(node.func) == "sys.exit")
    ]

    assert raised == []


def test_no_pattern_of_re_repeats_a_group_without_going_back_as_it_finds_something_else_there() -> None:
    in_text = pkgutil.walk_packages([str(SOURCES / "text")], "relay.text.")
    names = [*(each.name for each in in_text), "relay.moderation.outbound", "relay.replies.splitting"]
    patterns = {
        f"{module}.{name}": value.pattern
        for module in names
        for name, value in vars(importlib.import_module(module)).items()
        if isinstance(value, re.Pattern)
    }

    assert [name for name, pattern in patterns.items() if POSSESSIVE_GROUP.search(pattern)] == []
    assert patterns
