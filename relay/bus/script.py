"""Lua that Redis runs in one atomic step."""

from hashlib import sha1
from typing import Final

from relay.errors import InboxTaken

TAKEN: Final = "TAKEN"
"""The error of a script whose caller is not the owner (any more) of what it writes."""


class Script:
    """Lua that the server remembers once it has run it. All its keys share one hash tag."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = sha1(text.encode()).hexdigest()


def taken(name: str) -> InboxTaken:
    """What who calls such a script is told; `name` is what people call that Redis."""
    return InboxTaken(f"{name}: another relay of this name took over while this one slept")
