"""The page that says what the companion understands names exactly what there are checks for."""

import re
from pathlib import Path

from tests.companion.conversation.test_actions import TIMINGS
from tests.companion.conversation.test_conditions import CONDITIONS
from tests.companion.conversation.test_events import EFFECTS
from tests.companion.conversation.test_listeners import LISTENERS
from tests.companion.conversation.test_messages import ARGUMENTS, KINDS
from tests.companion.scripting.test_members import MEMBERS
from tests.companion.serving.test_methods import METHODS

PAGE = Path(__file__).parents[2] / "docs" / "companion.md"
CHECKED = {
    "Message": KINDS.keys(),
    "`/message` argument": ARGUMENTS.keys(),
    "Condition": CONDITIONS.keys(),
    "Effect": EFFECTS.keys(),
    "Timing of actions": TIMINGS.keys(),
    "Member": MEMBERS.keys(),
    "Listener": LISTENERS.keys() | {"resume"},
    "Client message": METHODS.keys(),
}


def tables() -> dict[str, list[str]]:
    """The names in the first column of each table, by its heading."""
    found: dict[str, list[str]] = {}
    _, _, understood = PAGE.read_text("utf-8").partition("# What it understands\n")
    for block in re.findall(r"(?:^\|.*\n)+", understood, re.MULTILINE):
        heading, _, *rows = block.splitlines()
        found[heading.split("|")[1].strip()] = [row.split("`")[1] for row in rows]
    return found


def test_the_page_names_what_is_checked_and_nothing_else() -> None:
    assert {heading: sorted(names) for heading, names in tables().items()} == {
        heading: sorted(names) for heading, names in CHECKED.items()
    }
