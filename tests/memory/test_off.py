"""Switched off, the memory costs nothing: nothing of it is loaded where the relay is."""

import ast
from collections.abc import Iterator
from pathlib import Path

RELAY = Path(__file__).parents[2] / "relay"
ONLY_WHEN_ASKED = "application/memories.py"
"""What the command line loads for `relay memory` alone."""


def loaded_at_once(tree: ast.Module) -> Iterator[str]:
    """What a module imports when it is imported itself."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_no_module_of_the_relay_loads_the_memory_with_itself() -> None:
    files = {file.relative_to(RELAY).as_posix(): file for file in RELAY.rglob("*.py")}
    loading = {
        path: name
        for path, file in files.items()
        if not path.startswith("memory/") and path != ONLY_WHEN_ASKED
        for name in loaded_at_once(ast.parse(file.read_text("utf-8")))
        if name.startswith("relay.memory") or name == "relay.application.memories"
    }

    assert len(files) > 200
    assert loading == {}
