"""Switched off, the memory costs nothing: nothing of it is loaded where the relay is."""

import re
from pathlib import Path

RELAY = Path(__file__).parents[2] / "relay"
ONLY_WHEN_ASKED = "application/memories.py"
"""What the command line loads for `relay memory` alone."""
LOADED_AT_ONCE = re.compile(r"^(?:from|import) (relay\.memory|relay\.application\.memories)\b", re.MULTILINE)
"""An import that begins a line: what a module loads when it is loaded itself."""


def test_no_module_of_the_relay_loads_the_memory_with_itself() -> None:
    files = {file.relative_to(RELAY).as_posix(): file for file in RELAY.rglob("*.py")}
    loading = {
        path
        for path, file in files.items()
        if not path.startswith("memory/") and path != ONLY_WHEN_ASKED and LOADED_AT_ONCE.search(file.read_text("utf-8"))
    }

    assert len(files) > 200
    assert loading == set()
