"""Names on their way to Voxta and into a chat."""

import pytest

from relay.text.sanitise import sanitise_name

RESERVED = frozenset({"apex"})


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("Ann", "Ann"),
        ("/ban Ann", "ban Ann"),
        ("\u200b \u200b", "someone"),
        ("", "someone"),
        ("a" * 40, "a" * 31 + "…"),
    ],
)
def test_a_name_is_no_command_not_too_long_and_never_empty(name: str, harmless: str) -> None:
    assert sanitise_name(name, RESERVED) == harmless


@pytest.mark.parametrize("name", ["Apex", "4pex", "Apex (chat)", "moderator"])
def test_who_could_be_taken_for_somebody_else_is_called_a_viewer(name: str) -> None:
    assert sanitise_name(name, RESERVED) == f"viewer {name}".replace("(", "").replace(")", "")


def test_who_may_be_called_anything_keeps_a_reserved_name() -> None:
    assert sanitise_name("Apex", None) == "Apex"
