"""How the relay's connections are, for people who look at them."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "busy", "problem", "off"]
"""`busy`: it is being connected, or waited for. `problem`: a person has to do something."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One connection."""

    name: str
    label: str
    """What people call it."""
    state: State
    text: str = ""
    """How it is, or what is wrong, in a line."""
    fix: str = ""
    """What to do about it, where the text does not say."""

    @property
    def line(self) -> str:
        """All of it but the state."""
        return ": ".join(filter(None, (self.label, self.text, self.fix)))
