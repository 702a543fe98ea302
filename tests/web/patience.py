"""Pages for a machine that is busy with other things: they wait for much longer, and what they show stays."""

import re
from functools import cache
from typing import Final

import pytest

from relay.web.page_files import script, styles
from tests.support import PATIENCE

_LIMITS: Final = {
    "overlay.js": ("SILENCE", "LEAST"),
    "desk/main.js": ("WAIT", "SURE_FOR", "SHOWN_FOR", "FAILURE_FOR"),
}
"""Names of the milliseconds after which a page gives up, or takes away what a test looks for."""


@cache
def patient_script(entry: str) -> str:
    """As `script` has it, without those limits."""
    text = script(entry)
    for name in _LIMITS[entry]:
        text, count = re.subn(rf"\bconst {name} = [\d_]+;", f"const {name} = {1000 * PATIENCE:.0f};", text)
        assert count == 1, f"{entry} has {count} of {name}"
    return text


@cache
def passable_styles(*names: str) -> str:
    """As `styles` has it; a click goes through a notice to what is below, as the notice stays."""
    return f"{styles(*names)}\n.notice {{ pointer-events: none; }}"


def lift_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a page nor the relay counts the other as gone that is held up, and what a page shows stays."""
    monkeypatch.setattr("relay.web.overlay.page.SILENCE", PATIENCE)
    monkeypatch.setattr("relay.web.overlay.routes.script", patient_script)
    monkeypatch.setattr("relay.web.desk.routes.script", patient_script)
    monkeypatch.setattr("relay.web.desk.routes.styles", passable_styles)
