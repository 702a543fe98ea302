"""The page about buttons and the script for OBS say the same, and ask for what the desk can do."""

import json
import re
from pathlib import Path
from typing import Final

from relay.config import WebSection
from relay.web.desk.actions import checked
from tests.docs.pages import ROOT, rows
from tests.web.api.stage import whole_desk

SCRIPT: Final = ROOT / "docs" / "examples" / "relay-hotkeys.lua"
_ACT: Final = re.compile(r"^  \{ \"(\w+)\", \"([^\"]+)\", \"(\w+)\", (?:\"([^\"]+)\"|'([^']+)') \},$", re.MULTILINE)


def acts() -> list[tuple[str, str, str]]:
    """What each hotkey is called, the action it asks for, and its fields."""
    return [(found[2], found[3], found[4] or found[5]) for found in _ACT.finditer(SCRIPT.read_text("utf-8"))]


async def test_each_hotkey_asks_for_an_action_with_fields_that_fit(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as (_, desk, _):
        for label, name, fields in acts():
            action = desk.actions.find(name)
            assert action is not None, label
            checked(action.fields, json.loads(fields))


def test_the_table_of_hotkeys_names_each_of_them() -> None:
    assert [row[0] for row in rows(ROOT / "docs" / "buttons.md", "hotkey")] == [label for label, _, _ in acts()]


def test_the_script_asks_at_the_port_that_the_relay_has_unless_told_otherwise() -> None:
    assert f'set_default_int(settings, "port", {WebSection().port})' in SCRIPT.read_text("utf-8")
